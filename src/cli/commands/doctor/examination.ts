import { explainFailure } from "../../failure.ts";
import type { Output } from "../../terminal/output.ts";
import { printable, styled } from "../../terminal/terminal.ts";
import { codeOf, fail, type Finding, type NamedFinding } from "./check.ts";

const marks = {
  ok: styled("green", "✓"),
  warn: styled("yellow", "!"),
  fail: styled("red", "✗"),
  skip: styled("dim", "-"),
} as const;

const nameWidth = 20;

function toText(finding: NamedFinding): string {
  const head = `  ${marks[finding.status]} ${finding.check.padEnd(nameWidth)}`;
  if ("detail" in finding) return `${head}${printable(finding.detail)}`;
  return `${head}${printable(finding.cause)}\n${" ".repeat(nameWidth + 4)}→ ${printable(finding.cure)}`;
}

/** What a failed check says when it did not foresee its failure. */
function explain(error: unknown): Finding {
  const explained = explainFailure(error);
  if (explained !== null) return fail(explained.cause, explained.cure || "Correct it, and run the doctor again.");
  return fail(
    `The check itself failed (${codeOf(error)}).`,
    "Run the server with LOG_LEVEL=debug and look at what it says.",
  );
}

/** A run of checks: each is told as it comes, and none keeps the others from being made. */
export class Examination {
  readonly #output: Output;
  readonly #findings: NamedFinding[] = [];

  constructor(output: Output) {
    this.#output = output;
  }

  get isHealthy(): boolean {
    return this.#findings.every(({ status }) => status !== "fail");
  }

  /** @returns whether the check found everything in order. */
  async check(check: string, look: () => Finding | Promise<Finding>): Promise<boolean> {
    return (await this.obtain(check, async () => this.#withItself(await look()))) !== null;
  }

  /** A check that also brings what later ones need; null: it is not to be had. */
  async obtain<T>(
    check: string,
    look: () => readonly [Finding, T | null] | Promise<readonly [Finding, T | null]>,
  ): Promise<T | null> {
    const [finding, value] = await this.#look(look);
    const named: NamedFinding = { check, ...finding };
    this.#findings.push(named);
    if (!this.#output.isJson) this.#output.result(named, toText(named));
    return value;
  }

  async #look<T>(look: () => T | Promise<T>): Promise<T | readonly [Finding, null]> {
    try {
      return await look();
    } catch (error) {
      return [explain(error), null];
    }
  }

  #withItself(finding: Finding): [Finding, Finding | null] {
    return [finding, finding.status === "ok" ? finding : null];
  }

  /**
   * Says how many checks ended how, and what to do first: checks come in the order in which they depend on each other.
   */
  conclude(): void {
    const count = (status: Finding["status"]) => this.#findings.filter((finding) => finding.status === status).length;
    const summary = { failed: count("fail"), warnings: count("warn"), passed: count("ok"), skipped: count("skip") };
    const first = this.#first("fail") ?? this.#first("warn");
    const advice = first === null ? "Nothing has to be done." : `Do this first: ${printable(first.cure)}`;
    this.#output.result(
      { ok: this.isHealthy, summary, first, checks: this.#findings },
      `\n${summarize(summary)}\n${advice}`,
    );
  }

  #first(status: "fail" | "warn"): { readonly check: string; readonly cure: string } | null {
    for (const finding of this.#findings) {
      if (finding.status === status) return { check: finding.check, cure: finding.cure };
    }
    return null;
  }
}

interface Summary {
  readonly failed: number;
  readonly warnings: number;
  readonly passed: number;
  readonly skipped: number;
}

function summarize({ failed, warnings, passed, skipped }: Summary): string {
  return `${failed} failed, ${warnings} ${warnings === 1 ? "warning" : "warnings"}, ${passed} passed, ${skipped} skipped`;
}
