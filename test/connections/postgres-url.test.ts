import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ConnectionUrlError } from "../../src/connections/connection-url.ts";
import { parsePostgresUrl, placeOf, withTlsVariables } from "../../src/connections/postgres-url.ts";
import { createCertificates } from "../support/certificates.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { faultsOf, load } from "../support/test-config.ts";

const folder = await temporaryFolder();
afterAll(() => folder[Symbol.asyncDispose]());
const { authority, certificate, key } = await createCertificates(folder.path, { set: "one", names: ["DNS:db.test"] });
const other = await createCertificates(folder.path, { set: "two", names: ["DNS:db.test"] });

async function fileOf(name: string, content: string): Promise<string> {
  const path = join(folder.path, name);
  await writeFile(path, content);
  return path;
}

const empty = await fileOf("empty.crt", "");
const garbage = await fileOf("garbage.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");

function refusal(url: string): ConnectionUrlError {
  try {
    parsePostgresUrl(url);
  } catch (error) {
    if (error instanceof ConnectionUrlError) return error;
    throw error;
  }
  throw new Error(`${url} was accepted`);
}

const secret = "s3cret-W0rd";

describe("an address", () => {
  test.each([
    ["postgres://u@[::1]:5433/db", { host: "::1", port: 5433, user: "u", database: "db" }, "[::1]:5433"],
    ["postgresql://u@db.internal/db", { host: "db.internal", port: 5432, database: "db" }, "db.internal:5432"],
    ["postgres:///db?host=/run/postgresql", { host: "/run/postgresql", database: "db" }, "/run/postgresql"],
    [
      "postgres://u@/db?host=/run/postgresql",
      { host: "/run/postgresql", user: "u", database: "db" },
      "/run/postgresql",
    ],
    ["postgres://u@%2Frun%2Fpostgresql/db", { host: "/run/postgresql", user: "u", database: "db" }, "/run/postgresql"],
    ["postgres://", { host: "localhost", port: 5432, user: undefined, database: undefined }, "localhost:5432"],
    ["postgres://h?dbname=d&user=u&password=p&port=6000", { database: "d", user: "u", password: "p" }, "h:6000"],
    ["postgres://h/d?options=-c%20search_path%3Dapp", { options: "-c search_path=app" }, "h:5432"],
    ["postgres://h/d?application_name=my%20app", { applicationName: "my app" }, "h:5432"],
    ["postgres://h/d?connect_timeout=3", { connectMs: 3_000 }, "h:5432"],
  ])("%s is read as it is meant", (url, parts, place) => {
    const target = parsePostgresUrl(url);
    expect(target).toMatchObject(parts);
    expect(placeOf(target)).toBe(place);
  });

  test.each(["%", "@", ":", "/", "?", "#", "&", "=", "+", " ", "ü", "[", "%41", "\\", "'", '"', "$"])(
    "a user, a password and a database with %j arrive as they are",
    (special) => {
      const value = `a${special}b`;
      const encoded = encodeURIComponent(value);
      const target = parsePostgresUrl(`postgres://${encoded}:${encoded}@h/${encoded}`);
      expect(target).toMatchObject({ user: value, password: value, database: value, host: "h" });
    },
  );

  test.each([
    `postgres://u:${secret}%zz@h/db`,
    `postgres://u:${secret}%@h/db`,
    `postgres://u:${secret}%FF@h/db`,
    `postgres://u:${secret}#x@h/db`,
    `postgres://u:${secret}?x@h/db`,
    `postgres://u:${secret}/x@h/db`,
    `postgres://u:${secret} x@h/db`,
    `postgres://u:${secret}\n@h/db`,
    `postgres://u:${secret}@h:99999/db`,
    `postgres://u:${secret}@h:port/db`,
    `postgres://u:${secret}@a,b/db`,
    `postgres://u:${secret}@a:1,b:2/db`,
    `postgres://u:${secret}@/db?host=a,b`,
    `mysql://u:${secret}@h/db`,
    `u:${secret}@h/db`,
    `/run/postgresql ${secret}`,
    `postgres://u:${secret}@h/db?port=x`,
    `postgres://u:${secret}@h/db?dbname=other`,
    `postgres://u:${secret}@h/db?client_encoding=latin1`,
    `postgres://u:${secret}@h/db?target_session_attrs=standby`,
  ])("%j is refused, and nothing of it is repeated", (url) => {
    const { reason, cure } = refusal(url);
    expect(`${reason} ${cure}`).not.toContain(secret);
    expect(cure).not.toBe("");
  });

  test.each(["sslmod", "SSLMODE", "ssl_mode", "sslcrl", "schema", "pgbouncer", "statement_timeout", "passfile"])(
    "the unknown parameter %s is named",
    (name) => {
      expect(refusal(`postgres://h/db?${name}=x`)).toMatchObject({ parameter: name });
      expect(refusal(`postgres://h/db?${name}=x`).reason).toContain(name);
    },
  );

  test("a parameter that stands there twice is refused", () => {
    expect(refusal("postgres://h/db?sslmode=verify-full&sslmode=disable")).toMatchObject({ parameter: "sslmode" });
  });
});

describe("TLS", () => {
  const tlsOf = (query: string, host = "db.test") => parsePostgresUrl(`postgres://${host}/db?${query}`).tls;

  test.each(["", "sslmode=disable", "ssl=false", "ssl=0"])('"%s" is plain text', (query) => {
    expect(tlsOf(query)).toBe(false);
  });

  test.each([
    ...["allow", "prefer", "require", "verify-full"].map((mode) => `sslmode=${mode}`),
    "ssl=true",
    "ssl=1",
    `sslrootcert=${authority}`,
    `sslcert=${certificate}&sslkey=${key}`,
    "sslmode=verify-full&sslrootcert=system",
    `sslmode=require&sslrootcert=${authority}&uselibpqcompat=false`,
  ])('"%s" checks the certificate and the name', (query) => {
    const tls = tlsOf(query);
    if (tls === false) throw new Error("it is plain text");
    expect(tls.rejectUnauthorized).toBe(true);
    const forged = { subject: { CN: "other.test" }, subjectaltname: "DNS:other.test" };
    expect(tls.checkServerIdentity!("other.test", forged as never)).toBeInstanceOf(Error);
  });

  test.each([
    `sslmode=verify-ca&sslrootcert=${authority}`,
    `sslmode=require&sslrootcert=${authority}&uselibpqcompat=true`,
  ])('"%s" checks the certificate and any name will do', (query) => {
    const tls = tlsOf(query);
    if (tls === false) throw new Error("it is plain text");
    expect(tls.rejectUnauthorized).toBe(true);
    expect(tls.ca).toContain("BEGIN CERTIFICATE");
    expect(tls.checkServerIdentity!("x", {} as never)).toBeUndefined();
  });

  test.each(["sslmode=no-verify", "ssl=no-verify", "sslmode=require&uselibpqcompat=true"])(
    '"%s" says in so many words that nothing is checked',
    (query) => {
      expect(tlsOf(query)).toMatchObject({ rejectUnauthorized: false });
    },
  );

  test.each([
    ["sslmode=verify_full", "sslmode"],
    ["sslmode=VERIFY-FULL", "sslmode"],
    ["sslmode=", "sslmode"],
    ["sslmode=on", "sslmode"],
    ["ssl=yes", "ssl"],
    ["ssl=true&sslmode=disable", "ssl"],
    ["sslmode=verify-ca", "sslmode"],
    ["sslmode=verify-ca&sslrootcert=system", "sslmode"],
    [`sslmode=disable&sslrootcert=${authority}`, "sslrootcert"],
    ["sslmode=verify-full&sslrootcert=/nowhere/ca.crt", "sslrootcert"],
    [`sslmode=verify-full&sslrootcert=${empty}`, "sslrootcert"],
    [`sslmode=verify-full&sslrootcert=${garbage}`, "sslrootcert"],
    [`sslmode=verify-full&sslrootcert=${key}`, "sslrootcert"],
    [`sslmode=require&sslcert=${certificate}`, "sslcert"],
    [`sslmode=require&sslkey=${key}`, "sslkey"],
    [`sslmode=require&sslcert=${certificate}&sslkey=/nowhere/key`, "sslkey"],
    [`sslmode=require&sslcert=${certificate}&sslkey=${other.key}`, "sslkey"],
    [`sslmode=require&sslcert=${certificate}&sslkey=${certificate}`, "sslkey"],
    ["sslnegotiation=direct", "sslnegotiation"],
    ["sslmode=require&sslnegotiation=both", "sslnegotiation"],
    ["sslmode=require&uselibpqcompat=1", "uselibpqcompat"],
    ["channel_binding=require", "channel_binding"],
    ["sslmode=require&channel_binding=on", "channel_binding"],
    ["sslmode=verify-full&host=/run/postgresql", "sslmode"],
  ])('"%s" never falls back to less: it is refused at %s', (query, parameter) => {
    expect(refusal(`postgres://db.test/db?${query}`)).toMatchObject({ parameter });
  });
});

describe("libpq's variables", () => {
  test("stand in for what the URL does not say of TLS, and never weaken it", () => {
    const variables: Record<string, string> = { PGSSLMODE: "require", PGSSLROOTCERT: authority };
    const read = (url: string) => parsePostgresUrl(withTlsVariables(url, (name) => variables[name] ?? null).url).tls;
    expect(read("postgres://h/db")).toMatchObject({ rejectUnauthorized: true, ca: expect.any(String) });
    expect(read("postgres://h/db?application_name=a")).toMatchObject({ rejectUnauthorized: true });
    variables["PGSSLMODE"] = "disable";
    expect(read("postgres://h/db?sslmode=verify-full")).toMatchObject({ rejectUnauthorized: true });
    expect(read("postgres://h/db?sslmode=disable")).toBe(false);
    expect(read("postgres:///db?host=/run/postgresql")).toBe(false);
  });

  test("are blamed where they are wrong", () => {
    const url = { DATABASE_URL: "postgres://h/db" };
    expect(faultsOf({ ...url, PGSSLMODE: "requir" })).toEqual(["PGSSLMODE"]);
    expect(faultsOf({ ...url, PGSSLMODE: "require", PGSSLROOTCERT: "/nowhere" })).toEqual(["PGSSLROOTCERT"]);
    expect(faultsOf({ DATABASE_URL: "postgres://h/db?sslmod=require", PGSSLMODE: "require" })).toEqual([
      "DATABASE_URL",
    ]);
  });
});

describe("settings", () => {
  test.each([
    ["[::1]", "::1"],
    ["::1", "::1"],
    ["[::]", "::"],
    ["0.0.0.0", "0.0.0.0"],
    ["localhost", "localhost"],
    ["auth.internal", "auth.internal"],
  ])("HOST=%s listens on %s", (value, host) => {
    expect(load({ HOST: value }).host).toBe(host);
  });

  test.each(["[::1]:4000", "127.0.0.1:4000", "http://localhost", "[127.0.0.1]", "[::1", "1.2.3", "1.2.3.4.5", "a b"])(
    "HOST=%s is refused at HOST",
    (value) => {
      expect(faultsOf({ HOST: value })).toEqual(["HOST"]);
    },
  );

  test.each([
    "redis://localhost:6379/mydb",
    "redis://localhost/1/2",
    "redis://localhost?db=1",
    "redis://localhost?tls=true",
    "redis://u:p%zz@localhost",
    "redis://u:p#x@localhost",
    "redis:///1",
    "redis:localhost",
    "http://localhost:6379",
    "localhost:6379",
    "redis://localhost:port",
    "unix:///run/redis.sock",
  ])("EVENTS_URL=%s is refused at the start", (value) => {
    expect(faultsOf({ DATABASE_URL: "postgres://h/db", EVENTS_URL: value })).toEqual(["EVENTS_URL"]);
  });

  test.each(["redis://localhost", "rediss://u:p%40ss@redis.internal:6380/15", "redis://[::1]:6379/0", "redis://:p@h/"])(
    "EVENTS_URL=%s is taken",
    (value) => {
      expect(load({ DATABASE_URL: "postgres://h/db", EVENTS_URL: value }).eventsUrl?.reveal()).toBe(value);
    },
  );

  test("DATABASE_LISTEN_URL is read as DATABASE_URL is, and blamed for itself", () => {
    const DATABASE_URL = "postgres://pooler:6432/db";
    expect(load({ DATABASE_URL, DATABASE_LISTEN_URL: "postgres://h/db" }).databaseListenUrl?.reveal()).toBe(
      "postgres://h/db",
    );
    expect(faultsOf({ DATABASE_URL, DATABASE_LISTEN_URL: "postgres://h/db?sslmode=x" })).toEqual([
      "DATABASE_LISTEN_URL",
    ]);
    expect(faultsOf({ DATABASE_LISTEN_URL: "postgres://h/db" })).toEqual(["DATABASE_URL"]);
  });
});
