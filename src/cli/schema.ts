import { readFile, writeFile } from "node:fs/promises";
import { Command } from "commander";
import { lexicographicSortSchema, printSchema } from "graphql";
import { schema } from "../graphql/schema.ts";

const file = new URL("../../schema.graphql", import.meta.url);

async function writeOrCheck({ check }: { readonly check?: boolean }): Promise<void> {
  const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;
  if (check !== true) {
    await writeFile(file, printed);
    process.stdout.write("schema.graphql is written.\n");
  } else if ((await readFile(file, "utf8").catch(() => "")) === printed) {
    process.stdout.write("schema.graphql is up to date.\n");
  } else {
    process.stderr.write(
      "schema.graphql is not what the code says. Run `npm run codegen`, and review the difference.\n",
    );
    process.exitCode = 1;
  }
}

/** `maestro-auth schema` */
export function schemaCommand(): Command {
  return new Command("schema")
    .description("Write schema.graphql, the printed and sorted API.")
    .option("--check", "only compare, and fail where they differ")
    .action(writeOrCheck);
}
