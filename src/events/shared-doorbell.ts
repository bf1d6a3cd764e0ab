import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { describeForLog, OperatorError } from "../errors/operator-error.ts";
import type { Logger } from "../observability/logger.ts";
import { OutageLog } from "../observability/outage-log.ts";
import { type Doorbell, inProcessDoorbell, type RingListener, type RungTimeline } from "./doorbell.ts";
import type { StreamEvent } from "./event.ts";
import { RingBatch, unpackPayload } from "./ring-batch.ts";

/** One connection over which processes tell each other, until it is lost. */
export interface DoorbellLine {
  /** Reaches every open line, this one too. */
  send(payload: string): Promise<unknown>;
  /** Resolves when the connection has ended; never rejects. */
  readonly lost: Promise<void>;
  close(): Promise<void>;
}

/** Opens a line that hears. Rejects if the other side is away. */
export type OpenLine = (onPayload: (payload: string) => void) => Promise<DoorbellLine>;

/** No line is to be had as things are set up: trying again soon is of no use. */
export class LineRefusedError extends OperatorError {}

const reconnectDelayMs = 1_000;
const refusedDelayMs = 60_000;
/** Milliseconds for which another timeline may be heard unremarked: every server looks at its own each second. */
const strangerGraceMs = 5_000;
/** Of so many others the operator is told; those that follow are only counted. */
const maxStrangers = 100;

/** Rings in this process at once, and in the others over a line that it opens again whenever it is lost. */
export class SharedDoorbell implements Doorbell {
  readonly #openLine: OpenLine;
  readonly #log: Logger;
  readonly #local = inProcessDoorbell();
  /** Tells this process's own rings from others': they are heard here before they are sent, with what was committed. */
  readonly #id: string = randomUUID();
  readonly #batch = new RingBatch(
    () => ({ from: this.#id, timeline: this.#timeline?.id ?? null }),
    (payload) => this.#send(payload),
  );
  #timeline: RungTimeline | null = null;
  #onStranger: () => void = () => {};
  /** The timelines of others: since when they are heard, and Infinity once the operator was told. */
  readonly #strangers = new Map<string, number>();
  #graceMs = strangerGraceMs;
  readonly #stopped = new AbortController();
  #line: DoorbellLine | undefined;
  readonly #outage: OutageLog<"doorbell.lost", "doorbell.regained">;
  #delayMs = reconnectDelayMs;
  #running: Promise<void> = Promise.resolve();

  private constructor(openLine: OpenLine, log: Logger) {
    this.#openLine = openLine;
    this.#log = log;
    this.#outage = new OutageLog(log, { lost: "doorbell.lost", regained: "doorbell.regained" });
  }

  /** Resolves once it listens, or once the first try has failed; it goes on trying. */
  static async connect(openLine: OpenLine, log: Logger): Promise<SharedDoorbell> {
    const doorbell = new SharedDoorbell(openLine, log);
    await doorbell.#open();
    doorbell.#running = doorbell.#keepOpen();
    return doorbell;
  }

  ring(userId: string, committed: readonly StreamEvent[] = []): void {
    this.#local.ring(userId, committed);
    this.#batch.add(userId);
  }

  onRing(listener: RingListener): void {
    this.#local.onRing(listener);
  }

  async #send(payload: string): Promise<void> {
    try {
      await this.#line?.send(payload);
    } catch (error) {
      this.#log.tell("doorbell.unrung", { err: error });
    }
  }

  follow(timeline: RungTimeline, onStranger: () => void, graceMs = strangerGraceMs): void {
    this.#timeline = timeline;
    this.#graceMs = graceMs;
    this.#onStranger = onStranger;
  }

  #hear(payload: string): void {
    const { from, timeline, userIds } = unpackPayload(payload);
    if (from === this.#id) return;
    const own = this.#timeline;
    if (own !== null && timeline !== null && timeline !== own.id) void this.#hearStranger(own, timeline);
    else for (const userId of userIds) this.#local.ring(userId);
  }

  /** One that is heard for some seconds only is no stranger: one of the two has not seen a new timeline yet. */
  async #hearStranger(own: RungTimeline, timeline: string): Promise<void> {
    await own.look();
    if (timeline === own.id) return;
    this.#onStranger();
    if (!this.#strangers.has(timeline) && this.#strangers.size >= maxStrangers) return;
    const since = this.#strangers.get(timeline) ?? performance.now();
    this.#strangers.set(timeline, since);
    if (performance.now() - since < this.#graceMs) return;
    this.#strangers.set(timeline, Infinity);
    this.#log.tell("doorbell.stranger");
  }

  async #open(): Promise<void> {
    try {
      this.#line = await this.#openLine((payload) => this.#hear(payload));
      this.#outage.regained();
      this.#delayMs = reconnectDelayMs;
    } catch (error) {
      this.#delayMs = error instanceof LineRefusedError ? refusedDelayMs : reconnectDelayMs;
      this.#outage.lost(error instanceof OperatorError ? error.reason : "", describeForLog(error));
    }
  }

  async #keepOpen(): Promise<void> {
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      await this.#line?.lost;
      this.#line = undefined;
      await delay(this.#delayMs, undefined, { signal }).catch(() => {});
      if (!signal.aborted) await this.#open();
    }
    // It was opened while the stop came.
    await this.#line?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#batch[Symbol.asyncDispose]();
    this.#stopped.abort();
    await this.#line?.close();
    await this.#running;
  }
}
