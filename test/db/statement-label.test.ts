import { expect, test } from "vitest";
import { StatementLabels } from "../../src/db/statement-label.ts";

const labelsOf = () => new StatementLabels(["sessions", "audit_log"]);

test.each([
  ['select "s0".* from "sessions" as "s0" where "s0"."id" = $1', "select sessions"],
  ['select * from "app"."sessions" limit 1', "select sessions"],
  ["insert into audit_log (id) values ($1) returning id", "insert audit_log"],
  ['update "sessions" set "status" = $1', "update sessions"],
  ['DELETE FROM "sessions" where "id" in ($1)', "delete sessions"],
  ["with due as (select id from sessions) update audit_log set at = now()", "with sessions"],
  ["begin isolation level read committed", "begin"],
  ["select current_setting('transaction_read_only')", "select"],
  ['select * from "a_table_of_somebody"', "select"],
  ["vacuum sessions", "other"],
  ["", "other"],
])("%j is called %j", (text, label) => {
  expect(labelsOf().of(text)).toBe(label);
});

test("a statement of the code has the name that the code gave it", () => {
  const labels = labelsOf();
  labels.name("select * from sessions", "find_session");
  expect(labels.of("select * from sessions")).toBe("find_session");
});

test("no value gets into a name, and however many texts there are, the names are few", () => {
  const labels = labelsOf();
  const texts = Array.from({ length: 5_000 }, (_, index) => `select * from sessions where label = 'secret-${index}'`);
  expect(new Set(texts.map((text) => labels.of(text)))).toEqual(new Set(["select sessions"]));
  expect(labels.of(`select 'sk-ant-secret' from ${"x".repeat(100_000)}`)).toBe("select");
});
