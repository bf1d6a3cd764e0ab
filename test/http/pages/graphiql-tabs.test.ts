import { parse, validate } from "graphql";
import { expect, test } from "vitest";
import { schema } from "../../../src/graphql/schema.ts";
import { graphiqlTabs } from "../../../src/http/pages/graphiql/tabs.ts";

/** What of a line is seen beside GraphiQL's buttons in a window of 1,280 pixels. */
const visible = 52;

test.each([
  { example: "anthropic", sandbox: "sandbox" },
  { example: "anthropic", sandbox: null },
])("each of the seven tabs is valid, and begins with its number and two lines that fit: %o", (providers) => {
  const tabs = graphiqlTabs(providers);
  expect(tabs).toHaveLength(7);
  for (const [index, { query, variables = {} }] of tabs.entries()) {
    expect(validate(schema, parse(query))).toEqual([]);
    const comments = query.split("\n").filter((line) => line.startsWith("#"));
    expect(comments).toHaveLength(2);
    expect(query.startsWith(`# ${index + 1}. `)).toBe(true);
    for (const line of comments) expect(line.length).toBeLessThanOrEqual(visible);
    // Every variable has its value in the tab, so that it runs as it stands.
    const declared = Array.from(query.matchAll(/\$(\w+):/g), ([, name]) => name);
    expect(Object.keys(variables)).toEqual(declared);
  }
});
