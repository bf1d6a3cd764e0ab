import { Client } from "undici";
import { percentile } from "./statistics.ts";

/** A request and how to know its answer. */
export interface Exchange {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** A right answer has the status 200 and contains this text. */
  readonly expected: string;
}

/** What one round of load measured. */
export interface Round {
  readonly requestsPerSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  /** Milliseconds. */
  readonly p99: number;
  /** Processor seconds of the load generator for each second: near 1 it measures itself. */
  readonly generatorCpu: number;
}

/** Far more than any server here takes, so that one that hangs fails the bench. */
const answerTimeoutMs = 10_000;

async function send(client: Client, { path, headers, body, expected }: Exchange): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  let status = 0;
  let text = "";
  client.dispatch(
    { method: "POST", path, headers, body },
    {
      onRequestStart: () => {},
      onResponseStart: (_controller, statusCode) => (status = statusCode),
      onResponseData: (_controller, chunk) => (text += chunk.toString("latin1")),
      onResponseEnd: () =>
        resolve(status === 200 && text.includes(expected) ? null : `status ${status}: ${text.slice(0, 300)}`),
      onResponseError: (_controller, error) => reject(error),
    },
  );
  return promise;
}

/**
 * Keeps a number of connections to a server busy: on each the next request follows as soon as an answer is there.
 * One undici `Client` for each connection, driven by `dispatch`: measured at 32 connections that costs 32 µs of
 * processor a request, autocannon 35–45, and `Pool.request` with its streams 65–80.
 */
export class Load implements AsyncDisposable {
  readonly #clients: readonly Client[];
  readonly #exchanges: readonly Exchange[];
  #next = 0;

  constructor(origin: string, connections: number, exchanges: readonly Exchange[]) {
    const timeouts = { headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs };
    this.#clients = Array.from({ length: connections }, () => new Client(origin, { pipelining: 1, ...timeouts }));
    this.#exchanges = exchanges;
  }

  /** Walks over the exchanges for so many seconds. @throws Error if any answer is wrong, with the first of them. */
  async run(seconds: number, signal: AbortSignal): Promise<Round> {
    const latencies: number[] = [];
    const wrong: string[] = [];
    const cpu = process.cpuUsage();
    const start = performance.now();
    const end = start + seconds * 1000;
    const drive = async (client: Client): Promise<void> => {
      let sent = performance.now();
      while (sent < end && !signal.aborted) {
        const fault = await send(client, this.#exchanges[this.#next++ % this.#exchanges.length]!);
        if (fault !== null) wrong.push(fault);
        const received = performance.now();
        latencies.push(received - sent);
        sent = received;
      }
    };
    await Promise.all(this.#clients.map(drive));
    signal.throwIfAborted();
    if (wrong.length > 0)
      throw new Error(`${wrong.length} of ${latencies.length} answers were wrong; the first: ${wrong[0]}`);
    const elapsed = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    const sorted = Float64Array.from(latencies).toSorted();
    return {
      requestsPerSecond: (latencies.length / elapsed) * 1000,
      p50: percentile(sorted, 0.5),
      p99: percentile(sorted, 0.99),
      generatorCpu: (user + system) / 1000 / elapsed,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.destroy()));
  }
}
