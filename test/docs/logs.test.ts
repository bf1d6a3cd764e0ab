import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { logEvents, logTopics } from "../../src/observability/log-events.ts";
import { type LogEvent, logFields } from "../../src/observability/log-fields.ts";
import { readModules } from "../architecture/module-graph.ts";
import { logsPage } from "./logs-page.ts";

const events = Object.entries(logEvents) as [string, LogEvent][];

test("the page of log lines is what the code says", async () => {
  expect(await readFile(new URL("../../docs/logs.md", import.meta.url), "utf8")).toBe(await logsPage());
});

test("no name of an event stands in two topics, and every field is one that some event has", () => {
  expect(Object.values(logTopics).flatMap((topic) => Object.keys(topic))).toHaveLength(events.length);
  const used = new Set(events.flatMap(([, { fields }]) => fields));
  expect(Object.keys(logFields).filter((field) => !used.has(field as keyof typeof logFields))).toEqual([]);
});

test("a warning and whatever is worse says what to do", () => {
  const mute = events.filter(([, { level, advice }]) => ["warn", "error", "fatal"].includes(level) && advice === "");
  expect(mute.map(([name]) => name)).toEqual([]);
});

test("every event is told somewhere in the code", () => {
  const source = fileURLToPath(new URL("../../src", import.meta.url));
  const texts = new Set(
    readModules(source).flatMap(({ path, strings }) =>
      path.startsWith("observability/log-events") ? [] : strings.map(({ value }) => value),
    ),
  );
  expect(events.map(([name]) => name).filter((name) => !texts.has(name))).toEqual([]);
});
