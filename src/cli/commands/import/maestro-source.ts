import { ConnectionUrlError } from "../../../connections/connection-url.ts";
import { PostgresClient } from "../../../connections/postgres-client.ts";
import { explainPostgresFailure } from "../../../connections/postgres-failure.ts";
import { parsePostgresUrl, type PostgresTarget } from "../../../connections/postgres-url.ts";
import { OperatorError } from "../../../errors/operator-error.ts";
import type { MaestroRow } from "./maestro-row.ts";

const batchSize = 500;

/** The Maestro's database, read in one transaction that can write nothing and sees one moment of it. */
export class MaestroSource implements AsyncDisposable {
  readonly #client: PostgresClient;

  private constructor(client: PostgresClient) {
    this.#client = client;
  }

  /** @throws OperatorError where it does not answer, or has no such table. */
  static async open(url: string): Promise<MaestroSource> {
    let target: PostgresTarget;
    try {
      target = parsePostgresUrl(url);
    } catch (error) {
      if (!(error instanceof ConnectionUrlError)) throw error;
      throw new OperatorError(`The address of The Maestro's database ${error.reason}`, error.cure, { cause: error });
    }
    const client = new PostgresClient(target, { applicationName: "maestro-auth import" });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.query("begin transaction isolation level repeatable read read only");
      await client.query(
        "select id, user_id, provider, auth_method, credentials, expires_at from provider_credentials limit 0",
      );
      return new MaestroSource(client);
    } catch (error) {
      await client.end().catch(() => {});
      const place = { setting: "--source or MAESTRO_DATABASE_URL", target };
      const explained = explainPostgresFailure(error, place);
      throw new OperatorError(
        `The Maestro's database cannot be read: ${explained?.reason ?? describe(error)}`,
        explained?.cure ?? "Name it with --source or MAESTRO_DATABASE_URL; it has a table provider_credentials.",
        { cause: error },
      );
    }
  }

  async count(): Promise<number> {
    const { rows } = await this.#client.query<{ count: number }>(
      "select count(*)::int as count from provider_credentials",
    );
    return rows[0]!.count;
  }

  /** All rows in the order of their ids, read batch by batch. */
  async *rows(): AsyncGenerator<MaestroRow> {
    let after = "";
    for (;;) {
      const { rows } = await this.#client.query<MaestroRow>(
        // A timestamp without a zone is UTC there, and `extract` takes it as that.
        `select id::text as id, user_id as "userId", provider, auth_method as "authMethod", credentials,
           extract(epoch from expires_at)::float8 as "expiresAt"
         from provider_credentials where id::text > $1 order by id::text limit $2`,
        [after, batchSize],
      );
      yield* rows;
      if (rows.length < batchSize) return;
      after = rows.at(-1)!.id;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.end();
  }
}

/** Without the words of the driver, which may repeat the address and its password. */
function describe(error: unknown): string {
  const { code } = error as { code?: unknown };
  if (code === "42P01" || code === "42703") return "it has no table provider_credentials with The Maestro's columns.";
  return "it does not answer.";
}
