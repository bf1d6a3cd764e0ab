import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkEncryption, checkListening } from "../../src/cli/commands/doctor/connections.ts";
import { PostgresClient } from "../../src/connections/postgres-client.ts";
import { parsePostgresUrl } from "../../src/connections/postgres-url.ts";
import { type Certificates, createCertificates } from "../support/certificates.ts";
import { PostgresCluster } from "../support/postgres-cluster.ts";
import { startTestApp } from "../support/test-app.ts";
import { load } from "../support/test-config.ts";
import { administer, createOwnDatabase, openAt, programs, refusalOf, urlOf } from "./cluster-stage.ts";

const access = `
local all postgres trust
host all postgres all trust
hostssl all scram all scram-sha-256
hostssl all md5 all md5
hostssl all all all trust
`;

let encrypted: PostgresCluster;
let plain: PostgresCluster;
let good: Certificates;
let strange: Certificates;
let name: string;

beforeAll(async () => {
  encrypted = await PostgresCluster.create(programs, {
    access,
    settings: async (folder) => {
      const { account: owner } = programs;
      good = await createCertificates(folder, { set: "good", names: ["IP:127.0.0.1"], owner });
      strange = await createCertificates(folder, { set: "strange", names: ["IP:127.0.0.1"] });
      return `ssl = on\nssl_cert_file = '${good.certificate}'\nssl_key_file = '${good.key}'\n`;
    },
  });
  plain = await PostgresCluster.create(programs);
  name = await createOwnDatabase(encrypted);
});

afterAll(async () => {
  await encrypted[Symbol.asyncDispose]();
  await plain[Symbol.asyncDispose]();
});

const encryptedUrl = (query: string, host = "127.0.0.1") =>
  urlOf(encrypted, { user: name, database: name, query }).replace("127.0.0.1", host);

describe("a server with TLS", () => {
  test.each(["allow", "prefer", "require", "verify-ca", "verify-full"])("sslmode=%s is encrypted", async (mode) => {
    await using database = await openAt(encryptedUrl(`sslmode=${mode}&sslrootcert=${good.authority}`));
    expect(database.facts?.encryption).toMatchObject({ isEncrypted: true, serverProtocol: "TLSv1.3" });
    // The pool's own connections, not only the first one.
    const text = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    expect(await database.query({ name: "ssl", text }, [])).toEqual([{ ssl: true }]);
  });

  test.each([
    ["an authority that did not sign it", "require", () => strange.authority, "127.0.0.1"],
    ["an authority that did not sign it", "verify-ca", () => strange.authority, "127.0.0.1"],
    ["the system's authorities", "require", () => "", "127.0.0.1"],
    ["the system's authorities", "prefer", () => "", "127.0.0.1"],
    ["another name", "verify-full", () => good.authority, "localhost"],
    ["another name", "require", () => good.authority, "localhost"],
  ])("is not trusted with %s under sslmode=%s", async (_, mode, authority, host) => {
    const file = authority() === "" ? "" : `&sslrootcert=${authority()}`;
    const { reason, cure } = await refusalOf(openAt(encryptedUrl(`sslmode=${mode}${file}`, host)));
    expect(reason).toMatch(/certificate/);
    expect(cure).toContain("sslmode");
  });

  test("any name will do where verify-ca asks for the authority only, and anything where no-verify says so", async () => {
    for (const query of [`sslmode=verify-ca&sslrootcert=${good.authority}`, "sslmode=no-verify"]) {
      await using database = await openAt(encryptedUrl(query, "localhost"));
      expect(database.facts?.encryption.isEncrypted).toBe(true);
    }
  });

  test("NODE_TLS_REJECT_UNAUTHORIZED=0 does not weaken what the URL says", async () => {
    process.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    try {
      const { reason } = await refusalOf(openAt(encryptedUrl("sslmode=require")));
      expect(reason).toContain("not from an authority");
    } finally {
      delete process.env["NODE_TLS_REJECT_UNAUTHORIZED"];
    }
  });

  test("says that it lets nobody in without TLS", async () => {
    const { reason, cure, code } = await refusalOf(openAt(encryptedUrl("sslmode=disable")));
    expect(code).toBe("28000");
    expect(reason).toContain("without encryption");
    expect(cure).toContain("sslmode=verify-full");
  });

  test("every connection of a running server is encrypted, and the doctor says so of each", async () => {
    const url = encryptedUrl(`sslmode=verify-full&sslrootcert=${good.authority}`);
    await using app = await startTestApp({ environment: { DATABASE_URL: url } });
    expect((await fetch(`${app.baseUrl}/ready`)).status).toBe(200);
    const rows = await administer(encrypted, [
      `select application_name, ssl from pg_stat_activity join pg_stat_ssl using (pid) where datname = '${name}'`,
    ]);
    expect(rows.map(({ application_name }) => application_name)).toContain("maestro-auth doorbell");
    expect(rows.map(({ application_name }) => application_name)).toContain("maestro-auth");
    expect(rows.every(({ ssl }) => ssl === true)).toBe(true);

    const config = load({ DATABASE_URL: url });
    await using database = await openAt(url);
    expect(checkEncryption(database, config)).toMatchObject({
      status: "ok",
      detail: expect.stringContaining("TLSv1.3"),
    });
    expect(await checkListening(config)).toMatchObject({ status: "ok", detail: expect.stringContaining("TLSv1.3") });
  });

  test("channel_binding=require takes SCRAM over TLS, and nothing less", async () => {
    await administer(encrypted, [
      "create role scram login password 'secret'",
      "set password_encryption = 'md5'",
      "create role md5 login password 'secret'",
    ]);
    const query = `sslmode=verify-full&sslrootcert=${good.authority}&channel_binding=require`;
    const at = (user: string) => urlOf(encrypted, { user: `${user}:secret`, query });
    await using database = await openAt(at("scram"));
    expect(database.facts?.encryption.isEncrypted).toBe(true);
    for (const user of ["md5", name]) {
      const { reason } = await refusalOf(openAt(at(user)));
      expect(reason).toContain("channel_binding");
    }
  });
});

describe("a server without TLS", () => {
  test.each(["allow", "prefer", "require", "no-verify", "verify-full"])("is refused by sslmode=%s", async (mode) => {
    const { reason, cure } = await refusalOf(openAt(urlOf(plain, { query: `sslmode=${mode}` })));
    expect(reason).toContain("offers no TLS");
    expect(cure).toContain("sslmode=disable");
  });

  test("takes no connection under PGSSLMODE=require, whatever else connects", async () => {
    const config = load({ DATABASE_URL: urlOf(plain), PGSSLMODE: "require" });
    const { reason } = await refusalOf(openAt(config.databaseUrl!.reveal()));
    expect(reason).toContain("offers no TLS");
    await expect(checkListening(config)).rejects.toThrow("offers no TLS");
  });

  test("is told of by the doctor as plain text", async () => {
    const config = load({ DATABASE_URL: urlOf(plain) });
    await using database = await openAt(urlOf(plain));
    expect(checkEncryption(database, config)).toMatchObject({ detail: expect.stringContaining("plain text") });
    expect(await checkListening(config)).toMatchObject({ detail: expect.stringContaining("plain text") });
  });
});

test("a client certificate is sent where the URL names one", async () => {
  const client = new PostgresClient(
    parsePostgresUrl(
      encryptedUrl(`sslmode=verify-full&sslrootcert=${good.authority}&sslcert=${good.certificate}&sslkey=${good.key}`),
    ),
    { applicationName: "test" },
  );
  await client.connect();
  expect(client.isEncrypted).toBe(true);
  await client.end();
});
