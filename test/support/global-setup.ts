import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /**
     * One run of the suites. When it ends, `folder` is removed, and databases whose name begins with `prefix` are
     * dropped.
     */
    testRun: { prefix: string; folder: string; databaseUrl: string | null; redisUrl: string | null };
  }
}

/** In milliseconds. */
const deadline = 5_000;

function fault(variable: string, cause: unknown): Error {
  // AggregateError, of a name with two addresses, has its reasons inside and an empty message.
  const reasons = cause instanceof AggregateError ? cause.errors : [cause];
  const text = reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason))).join("; ");
  return new Error(`${variable} is set, and no usable server is there: ${text}`, { cause });
}

async function withDatabase<Result>(url: string, use: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: deadline });
  try {
    await client.connect();
    return await use(client);
  } finally {
    await client.end();
  }
}

async function dropDatabases(url: string, prefix: string): Promise<void> {
  await withDatabase(url, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      "SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)",
      [prefix],
    );
    for (const { name } of rows) await client.query(`DROP DATABASE ${client.escapeIdentifier(name)} WITH (FORCE)`);
  });
}

async function pingRedis(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port || 6379) });
  socket.setTimeout(deadline, () => socket.destroy(new Error(`no answer within ${deadline} ms`)));
  socket.write("PING\r\n");
  let answer = "";
  for await (const chunk of socket) {
    answer = String(chunk).trim();
    break;
  }
  if (answer !== "+PONG") throw new Error(`PING was answered with "${answer}" instead of "+PONG"`);
}

/** Checks the servers that the environment names, so that a suite never passes because it had nothing to talk to. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const databaseUrl = process.env.TEST_DATABASE_URL || null;
  const redisUrl = process.env.TEST_REDIS_URL || null;
  const prefix = `maestro_auth_test_${randomBytes(4).toString("hex")}`;

  if (databaseUrl !== null) {
    await withDatabase(databaseUrl, (client) => client.query("SELECT 1")).catch((error: unknown) => {
      throw fault("TEST_DATABASE_URL", error);
    });
  }
  if (redisUrl !== null) {
    await pingRedis(redisUrl).catch((error: unknown) => {
      throw fault("TEST_REDIS_URL", error);
    });
  }
  const folder = await mkdtemp(join(tmpdir(), "maestro-auth-run-"));
  project.provide("testRun", { prefix, folder, databaseUrl, redisUrl });

  return async () => {
    await rm(folder, { recursive: true, force: true });
    if (databaseUrl !== null) await dropDatabases(databaseUrl, prefix);
  };
}
