/**
 * The yardstick: what a refresh comes down to, written by hand: the call, and one UPDATE. Nothing is claimed, sealed,
 * or safe from a crash between the two. Its task comes as JSON in the first argument; each message starts a round.
 */
import { json } from "node:stream/consumers";
import pg from "pg";
import { Agent } from "undici";
import { clientClass } from "../../../src/connections/postgres-client.ts";
import { parsePostgresUrl } from "../../../src/connections/postgres-url.ts";

/** What it refreshes, and how. */
export interface BareTask {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly databaseUrl: string;
  /** Like the table of the credentials, with the same indexes. */
  readonly table: string;
  readonly inFlight: number;
}

/** A row, and the refresh token that belongs to it. */
export interface BareSignIn {
  readonly id: string;
  readonly userId: string;
  readonly refreshToken: string;
}

/** So many refreshes; the first round brings the sign-ins. */
export interface BareRequest {
  readonly count: number;
  readonly signIns?: readonly BareSignIn[];
}

/** What a round took, in milliseconds. */
export interface BareRound {
  readonly elapsedMs: number;
  readonly cpuMs: number;
}

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

const { tokenUrl, clientId, databaseUrl, table, inFlight } = JSON.parse(process.argv[2]!) as BareTask;
const { origin, pathname } = new URL(tokenUrl);
const agent = new Agent({ connections: inFlight });
// As many connections as our server has.
const pool = new pg.Pool({
  max: 10,
  Client: clientClass(parsePostgresUrl(databaseUrl), { applicationName: "maestro-auth bench" }),
});
let signIns: BareSignIn[] = [];
let next = 0;

const name = "store_bare";
const text = `update ${table} set credentials = $3, token_version = token_version + 1, expires_at = to_timestamp($4),
    next_try_at = to_timestamp($5), last_refreshed_at = now(), updated_at = now() where user_id = $1 and id = $2`;

async function refresh(index: number): Promise<void> {
  const { id, userId, refreshToken } = signIns[index]!;
  const parameters = { grant_type: "refresh_token", refresh_token: refreshToken, client_id: clientId };
  const { statusCode, body } = await agent.request({
    origin,
    path: pathname,
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify(parameters),
  });
  const tokens = (await json(body)) as Tokens;
  if (statusCode !== 200) throw new Error(`status ${statusCode}: ${JSON.stringify(tokens)}`);
  const expiresAt = Date.now() / 1000 + tokens.expires_in;
  const secrets = JSON.stringify({ accessToken: tokens.access_token, refreshToken: tokens.refresh_token });
  await pool.query({ name, text, values: [userId, id, Buffer.from(secrets), expiresAt, expiresAt - 300] });
  signIns[index] = { id, userId, refreshToken: tokens.refresh_token };
}

async function round(count: number): Promise<BareRound> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = next + count;
  const drive = async () => {
    while (next < end) await refresh(next++ % signIns.length);
  };
  await Promise.all(Array.from({ length: inFlight }, drive));
  const { user, system } = process.cpuUsage(cpu);
  return { elapsedMs: performance.now() - start, cpuMs: (user + system) / 1000 };
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {});
process.once("disconnect", () => process.exit());
process.on("message", (request: BareRequest) => {
  signIns = [...(request.signIns ?? signIns)];
  void round(request.count).then((result) => process.send!(result));
});
