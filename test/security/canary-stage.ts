import { expect } from "vitest";
import { schema } from "../../src/graphql/schema.ts";
import { type OAuthStage, setOAuthStage } from "../connect/oauth/oauth-stage.ts";
import { never } from "../sessions/session-stage.ts";
import type { CanaryDialect } from "./canary-dialect.ts";
import { CanaryPlaces, withoutGrants } from "./canary-places.ts";
import { type Canary, CanaryWatch, newCanary } from "./canary.ts";
import { type Inhabitant, settle } from "./inhabitant.ts";
import { KeptTables } from "./kept-tables.ts";

/** A server whose every secret is a canary, and a user whose every secret is one too. */
export interface CanaryStage extends OAuthStage {
  readonly alice: Inhabitant;
  readonly kept: KeptTables;
  readonly places: CanaryPlaces;
  /** Whom alice has connected. */
  readonly provider: string;
  /** A new secret that must be seen nowhere from now on, written as keys are unless it is another kind. */
  readonly plant: (name: string, form?: keyof Omit<CanaryDialect, "kind">) => Canary;
  /** Keeps an answer as its client has seen it. */
  keep(name: string, seen: string): void;
  /** Looks in every answer that was kept, the whole database, the log, and what the server says of itself. */
  expectNothingFound(): Promise<void>;
}

/** JSON, or lines of an event stream; headers of grants are taken out, for they are there to be seen. */
function withoutGrantsIn(seen: string): string {
  const lines = seen.split("\n").map((line) => {
    const json = line.replace(/^data: /, "");
    return json.startsWith("{") ? JSON.stringify(withoutGrants(JSON.parse(json))) : line;
  });
  return lines.join("\n");
}

const openPaths = ["/", "/health", "/ready", "/metrics", "/graphql"];

export async function setCanaryStage(dialect: CanaryDialect): Promise<CanaryStage> {
  const provider = dialect.kind;
  await using stack = new AsyncDisposableStack();
  const watch = new CanaryWatch();
  const plant: CanaryStage["plant"] = (name, form = "key") => watch.add(newCanary(name, dialect[form]));
  const stage = stack.use(
    await setOAuthStage(provider, {
      refresh: { intervalMs: never },
      sweepIntervalMs: never,
      http: { deadlineMs: 400 },
      connections: { operationsPerSocket: 1_000, streamsPerUser: 1_000 },
      environment: {
        // Of a provider that she has nothing of.
        [provider === "openai" ? "GOOGLE_API_KEY" : "OPENAI_API_KEY"]: plant("the server's own key").secret,
        AUTH_JWT_SECRET: plant("the secret of callers' tokens").secret,
        GET_QUERIES: "true",
        RATE_LIMITS: "off",
        GRAPHIQL: "false",
        LOG_REQUESTS: "all",
      },
    }),
  );
  const key = plant("her API key");
  stage.api.validKeys.add(key.secret);
  stage.vendor.tokenOverrides = {
    access_token: plant("her access token", "accessToken").secret,
    refresh_token: plant("her refresh token", "refreshToken").secret,
  };
  const alice = await settle(schema, stage, "alice", { provider, apiKey: key.secret, sessions: 2 });
  watch.add({ name: "her token", secret: "", core: (await stage.token("alice")).split(".")[2]!.slice(0, 40) });
  const kept = stack.use(await KeptTables.keep(stage.database));
  const places = new CanaryPlaces();
  let logged = 0;

  /** What only the authorization server may have been told. */
  function watchSent(): void {
    for (const { body } of stage.vendor.requests) {
      for (const name of ["code", "code_verifier", "refresh_token", "device_code"]) {
        const sent = body[name] ?? "";
        // One that is a canary is watched for already.
        if (sent.length >= 30 && watch.find(sent).length === 0)
          watch.add({ name: `a ${name}`, secret: sent, core: sent.slice(0, 30) });
      }
    }
    for (const { id_token: idToken } of stage.vendor.answers) {
      if (typeof idToken !== "string" || watch.find(idToken).length > 0) continue;
      // The claims tell who she is and what time it was; the signature is in this token and nowhere else.
      watch.add({ name: "an ID token", secret: idToken, core: idToken.split(".")[2]! });
    }
  }

  async function expectNothingFound(): Promise<void> {
    for (const path of openPaths) {
      const response = await fetch(stage.baseUrl + path, { redirect: "manual" });
      places.add(path, `${[...response.headers].join("\n")}\n${await response.text()}`);
    }
    await places.addDatabase(stage.database);
    places.add("the log", stage.logs.slice(logged).join(""));
    logged = stage.logs.length;
    watchSent();
    expect(places.take(watch)).toEqual([]);
  }

  const owned = stack.move();
  return {
    ...stage,
    provider,
    alice,
    kept,
    places,
    plant,
    keep: (name, seen) => places.add(name, withoutGrantsIn(seen)),
    expectNothingFound,
    [Symbol.asyncDispose]: async () => {
      await kept.restore();
      await owned.disposeAsync();
    },
  };
}
