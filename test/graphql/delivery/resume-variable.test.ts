import { getOperationAST, parse } from "graphql";
import { expect, test } from "vitest";
import { resumeVariable } from "../../../src/graphql/delivery/resume-variable.ts";

const documents: Record<string, readonly [document: string, variable: string | null]> = {
  "its only use": ["subscription ($after: String) { events(after: $after) { cursor } }", "after"],
  "another name": ["subscription ($from: String) { events(after: $from) { cursor } }", "from"],
  "a default value": ['subscription ($after: String = "x") { events(after: $after) { cursor } }', "after"],
  "no variable": ['subscription { events(after: "x") { cursor } }', null],
  "no argument": ["subscription { events { cursor } }", null],
  "another argument": ["subscription ($provider: String) { credentialEvents(provider: $provider) { cursor } }", null],
  "a second use in a field": [
    "subscription ($after: String!) { sessionEvents(after: $after) { session { provider(name: $after) { model } } } }",
    null,
  ],
  "a second use in a fragment": [
    "subscription ($a: String!) { sessionEvents(after: $a) { ...F } } fragment F on SessionEvent { session { provider(name: $a) { model } } }",
    null,
  ],
  "a second use in a directive": [
    "subscription ($after: String) { events(after: $after) { cursor @custom(text: $after) } }",
    null,
  ],
  "a root field in a fragment": [
    "subscription ($after: String) { ...F } fragment F on Subscription { events(after: $after) { cursor } }",
    null,
  ],
};

test.each(Object.entries(documents))("%s", (_name, [text, variable]) => {
  const document = parse(text);
  expect(resumeVariable(document, getOperationAST(document)!)).toBe(variable);
});
