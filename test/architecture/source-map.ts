import { format } from "prettier";
import { sourceOrder } from "./source-order.ts";

const [begin, end] = ["<!-- Printed from test/architecture/source-order.ts -->", "<!-- End of the printed table -->"];

/** src/README.md with the table of its parts as `source-order.ts` has them. @throws if the text has no place for it */
export async function withSourceMap(readme: string): Promise<string> {
  const [before, , after] = readme.split(new RegExp(`(?<=${begin})|(?=${end})`));
  if (before === undefined || after === undefined) throw new Error(`src/README.md lacks "${begin}" or "${end}".`);
  const rows = sourceOrder.map(
    ({ name, question, begin: path }) => `| [${name}](${name}) | ${question} | [${path}](${path}) |`,
  );
  const table = ["| Part | The question it answers | Begin with |", "| --- | --- | --- |", ...rows].join("\n");
  return format(`${before}\n\n${table}\n\n${after}`, { parser: "markdown", printWidth: 120 });
}
