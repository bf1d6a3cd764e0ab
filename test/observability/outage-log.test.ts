import { expect, test } from "vitest";
import { OutageLog } from "../../src/observability/outage-log.ts";
import { captureLog } from "../support/captured-log.ts";

function setStage() {
  let now = 0;
  const { log, lines } = captureLog();
  const outage = new OutageLog(log, { lost: "database.lost", regained: "database.regained" }, () => now);
  const told = () => lines().map(({ event, reason, seconds }) => [event, reason ?? seconds]);
  return { outage, told, pass: (seconds: number) => (now += seconds * 1_000) };
}

test("an outage is told when it begins, each minute while it lasts, and when it is over", () => {
  const { outage, told, pass } = setStage();
  outage.regained();
  expect(told()).toEqual([]);
  for (let second = 0; second < 90; second++) {
    outage.lost("away", { reason: "away" });
    pass(1);
  }
  outage.regained();
  outage.regained();
  expect(told()).toEqual([
    ["database.lost", "away"],
    ["database.lost", "away"],
    ["database.regained", 90],
  ]);
});

test("another reason is told at once, and what comes and goes is told once a minute", () => {
  const { outage, told, pass } = setStage();
  outage.lost("away", { reason: "away" });
  outage.lost("full", { reason: "full" });
  outage.regained();
  for (let time = 0; time < 10; time++) {
    pass(1);
    outage.lost("away", { reason: "away" });
    outage.regained();
  }
  expect(told()).toEqual([
    ["database.lost", "away"],
    ["database.lost", "full"],
    ["database.regained", 0],
  ]);
});
