import { expect } from "vitest";
import { schema } from "../../src/graphql/schema.ts";
import type { OAuthStage } from "../auth/oauth/oauth-stage.ts";
import { setSessionStage } from "../sessions/session-stage.ts";
import { type Canary, CanaryWatch, newCanary } from "./canary.ts";
import { CanaryPlaces, withoutGrants } from "./canary-places.ts";
import { type Inhabitant, settle } from "./inhabitant.ts";
import { KeptTables } from "./kept-tables.ts";

/** A server whose every secret is a canary, and a user whose every secret is one too. */
export interface CanaryStage extends OAuthStage {
  readonly alice: Inhabitant;
  readonly kept: KeptTables;
  readonly places: CanaryPlaces;
  /** A new secret that must be seen nowhere from now on. */
  readonly plant: (name: string, form?: (core: string) => string) => Canary;
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

export async function setCanaryStage(): Promise<CanaryStage> {
  await using stack = new AsyncDisposableStack();
  const watch = new CanaryWatch();
  const plant: CanaryStage["plant"] = (name, form) => watch.add(newCanary(name, form));
  const stage = stack.use(
    await setSessionStage({
      http: { deadlineMs: 400 },
      connections: { operationsPerSocket: 1_000, streamsPerUser: 1_000 },
      environment: {
        OPENAI_API_KEY: plant("the server's own key").secret,
        AUTH_JWT_SECRET: plant("the secret of callers' tokens").secret,
        GET_QUERIES: "true",
        RATE_LIMITS: "off",
        GRAPHIQL: "false",
      },
    }),
  );
  const key = plant("her API key");
  stage.api.validKeys.add(key.secret);
  stage.vendor.tokenOverrides = {
    access_token: plant("her access token").secret,
    refresh_token: plant("her refresh token").secret,
  };
  const alice = await settle(schema, stage, "alice", { apiKey: key.secret, sessions: 2 });
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
        if (sent.length >= 30 && !sent.startsWith("sk-ant"))
          watch.add({ name: `a ${name}`, secret: sent, core: sent.slice(0, 30) });
      }
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
