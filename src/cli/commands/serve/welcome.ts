import type { App } from "../../../app/app.ts";
import type { Config } from "../../../config/config.ts";
import { parsePostgresUrl, placeOf } from "../../../connections/postgres-url.ts";
import type { Secret } from "../../../lib/secret.ts";
import { box } from "../../terminal/box.ts";

/** Seconds. */
const tokenLifetime = 12 * 3600;

/** What somebody needs to know of a server that has just started. Null: it does not have it. */
export interface Welcome {
  /** The page to start at. */
  readonly home: string | null;
  readonly graphiql: string | null;
  readonly api: string;
  readonly sandbox: string | null;
  readonly health: string;
  /** The folder or the PostgreSQL that holds everything. */
  readonly data: string;
  /** How to begin anew; null in production, where nobody should. */
  readonly reset: string | null;
  /** For development, as the user `developer`, for 12 hours. */
  readonly token: string | null;
}

/** Without its user and password. */
function describeDatabase(url: Secret): string {
  const target = parsePostgresUrl(url.reveal());
  return `PostgreSQL at ${placeOf(target)}, database ${target.database ?? "(the user's own)"}`;
}

export async function welcome(app: App, config: Config, port: number): Promise<Welcome> {
  const url = config.port === 0 ? `http://localhost:${port}` : config.publicUrl;
  const { databaseUrl, dataDir } = config;
  return {
    home: config.landingPage ? `${url}/` : null,
    graphiql: config.graphiql ? `${url}/graphql` : null,
    api: `${url}/graphql`,
    sandbox: app.sandboxUrl,
    health: `${url}/health`,
    data: databaseUrl === null ? dataDir : describeDatabase(databaseUrl),
    reset: config.production
      ? null
      : `stop with Ctrl-C, then ${databaseUrl === null ? "delete that folder" : "drop the database"}`,
    token: await app.developmentToken("developer", tokenLifetime),
  };
}

export function welcomeBox({ home, graphiql, api, sandbox, health, data, reset, token }: Welcome): string {
  return box("Maestro Auth is ready", [
    ...(home === null ? [] : [`Start here  ${home}`]),
    ...(graphiql === null ? [] : [`GraphiQL    ${graphiql}`]),
    `API         ${api}   (POST, SSE and WebSocket)`,
    ...(sandbox === null ? [] : [`Sandbox     ${sandbox}   (try OAuth without an account)`]),
    `Health      ${health}`,
    `Data        ${data}`,
    ...(reset === null ? [] : [`Reset       ${reset}`]),
    ...(token === null ? [] : ["", "A token for development, as the user `developer`, for 12 hours:", token]),
  ]);
}
