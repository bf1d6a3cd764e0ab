import type { Database } from "../../src/db/database.ts";
import type { CanaryWatch } from "./canary.ts";

interface Place {
  readonly name: string;
  readonly content: string | Uint8Array;
}

/** Every place that a secret could have got to. */
export class CanaryPlaces {
  #places: Place[] = [];

  add(name: string, content: unknown): void {
    const isPlain = typeof content === "string" || content instanceof Uint8Array;
    this.#places.push({ name, content: isPlain ? content : JSON.stringify(content ?? null) });
  }

  /** Whole tables, every one that there is, each row as a text; bytes are hexadecimal in them. */
  async addDatabase(database: Database): Promise<void> {
    const em = database.em();
    const tables = await em.execute<{ name: string }[]>(
      "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
    );
    for (const { name } of tables) {
      const rows = await em.execute<{ row: string }[]>(`select to_jsonb(t)::text as row from "${name}" t`);
      this.add(`the table ${name}`, rows.map(({ row }) => row).join("\n"));
    }
  }

  /** Each secret with the place where it stands. The places are forgotten then. */
  take(watch: CanaryWatch): string[] {
    const places = this.#places;
    this.#places = [];
    return places.flatMap(({ name, content }) => watch.find(content).map((found) => `${found} in ${name}`));
  }
}

/** An answer without the one thing that may hold a secret: the headers of an access grant. */
export function withoutGrants(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutGrants);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withoutGrants(inner)] as const);
  const { __typename, ...rest } = Object.fromEntries(entries);
  return __typename === "AccessGrant" ? { ...rest, headers: "[granted]" } : { __typename, ...rest };
}
