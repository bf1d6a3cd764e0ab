import { readFile, writeFile } from "node:fs/promises";
import { Command } from "commander";
import { lexicographicSortSchema, printSchema } from "graphql";
import { OperatorError } from "../../errors/operator-error.ts";
import { schema } from "../../graphql/schema.ts";
import { exitCodes } from "../exit-code.ts";
import { describeFileFault } from "../input-file.ts";
import { jsonOption, Output, type OutputOptions } from "../terminal/output.ts";

const file = new URL("../../../schema.graphql", import.meta.url);

interface SchemaOptions extends OutputOptions {
  readonly check?: boolean;
}

async function writeOrCheck(options: SchemaOptions): Promise<void> {
  const output = new Output(options);
  const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;
  if (options.check !== true) {
    await writeFile(file, printed).catch((error: unknown) => {
      const cure = "Run it as a user that may write there, with room on the disk.";
      throw new OperatorError(`schema.graphql cannot be written ${describeFileFault(error)}.`, cure, { cause: error });
    });
    output.result({ file: "schema.graphql", written: true }, "schema.graphql is written.");
    return;
  }
  const upToDate = (await readFile(file, "utf8").catch(() => "")) === printed;
  output.result(
    { file: "schema.graphql", upToDate },
    upToDate
      ? "schema.graphql is up to date."
      : "schema.graphql differs from the code. Run `npm run codegen`, and review the difference.",
  );
  if (!upToDate) process.exitCode = exitCodes.failed;
}

/** `maestro-auth schema` */
export function schemaCommand(): Command {
  return new Command("schema")
    .summary("write schema.graphql")
    .description("Write schema.graphql, the printed and sorted API.")
    .option("--check", "only compare, and fail if they differ")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
It is for developers of this server; \`npm run check\` runs it with --check.

Example:
  maestro-auth schema --check`,
    )
    .action(writeOrCheck);
}
