import type { Output } from "../../terminal/output.ts";
import { styled } from "../../terminal/terminal.ts";

/** A step that took less is not worth its time's mention, in milliseconds. */
const worthTellingMs = 100;

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

/** The visible list of what a starting server has done: a line for each step, with its time where it matters. */
export class StartSteps {
  readonly #output: Output;
  readonly #started = performance.now();
  #last = this.#started;
  #isPending = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Shows on a terminal what is under way; the next line takes its place. */
  begin(text: string): void {
    if (this.#output.isSilent || !process.stdout.isTTY) return;
    process.stdout.write(`  ${styled("dim", `… ${text}`)}`);
    this.#isPending = true;
  }

  done(text: string): void {
    const ms = this.#lap();
    this.#tell(text, ms, ms < worthTellingMs ? "" : duration(ms));
  }

  /** The last step, with the time that all of them took. */
  finish(text: string): void {
    this.#tell(text, this.#lap(), `${duration(performance.now() - this.#started)} in all`);
  }

  /** Milliseconds since the step before. */
  #lap(): number {
    const now = performance.now();
    const ms = Math.round(now - this.#last);
    this.#last = now;
    return ms;
  }

  #tell(step: string, ms: number, time: string): void {
    this.clear();
    const note = time === "" ? "" : `  ${styled("dim", time)}`;
    this.#output.result({ event: "step", step, ms }, `  ${styled("green", "✓")} ${step}${note}`);
  }

  /** What the start waits for, as often as it is told. */
  wait(reason: string): void {
    this.clear();
    this.#output.result({ event: "waiting", reason }, `  ${styled("yellow", "…")} ${reason}`);
  }

  /** Takes away what `begin` has shown. */
  clear(): void {
    if (this.#isPending) process.stdout.write("\r\u001b[K");
    this.#isPending = false;
  }
}
