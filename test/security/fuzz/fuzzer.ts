import fc from "fast-check";
import { FuzzClient } from "./fuzz-client.ts";
import { type FuzzRequest, fuzzRequest } from "./fuzz-request.ts";
import type { FuzzServer } from "./fuzz-server.ts";
import type { Outcome } from "./judge.ts";

export interface FuzzSettings {
  readonly requests: number;
  readonly seed: number;
  /** Requests at the same time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal;
  /** Told after each batch how many have been answered. */
  readonly onProgress?: (done: number) => void;
}

/** What a run has found. `failure` is null where nothing is wrong. */
export interface FuzzReport {
  readonly outcomes: ReadonlyMap<string, number>;
  readonly failure: string | null;
}

const batchSize = 1_000;

interface Failed {
  readonly seed: number;
  readonly request: FuzzRequest;
  readonly complaint: string;
}

/** Runs a batch through many hands at once. @returns the first that is wrong. */
async function runBatch(
  requests: readonly FuzzRequest[],
  send: (request: FuzzRequest) => Promise<Outcome>,
  { concurrency, outcomes }: { concurrency: number; outcomes: Map<string, number> },
): Promise<{ request: FuzzRequest; complaint: string } | null> {
  let failed: { request: FuzzRequest; complaint: string } | null = null;
  const waiting = requests.values();
  const drive = async (): Promise<void> => {
    for (const request of waiting) {
      const { kind, complaint } = await send(request);
      outcomes.set(kind, (outcomes.get(kind) ?? 0) + 1);
      if (complaint !== null) failed ??= { request, complaint };
    }
  };
  await Promise.all(Array.from({ length: concurrency }, drive));
  return failed;
}

/** Looks for the smallest request of a batch that is answered wrongly, one after the other. */
async function shrink(server: FuzzServer, client: FuzzClient, { seed, request, complaint }: Failed): Promise<string> {
  const property = fc.asyncProperty(fuzzRequest(server.ground), async (smaller) => {
    const before = server.faults.length;
    const outcome = await client.send(smaller);
    return outcome.complaint === null && server.faults.length === before;
  });
  const { failed, counterexample, numShrinks } = await fc.check(property, {
    seed,
    numRuns: batchSize,
    interruptAfterTimeLimit: 120_000,
  });
  const smallest = failed && counterexample !== null ? counterexample[0] : null;
  const found =
    smallest === null
      ? "Sent alone it was answered well; what else ran at the time may matter."
      : `After ${numShrinks} steps of shrinking: ${JSON.stringify(smallest)}`;
  return `${complaint}\nseed of the batch: ${seed}\nrequest: ${JSON.stringify(request)}\n${found}`;
}

/**
 * Sends so many hostile requests, and stops at the first that is answered wrongly, or that the server stumbles over.
 */
export async function fuzz(server: FuzzServer, settings: FuzzSettings): Promise<FuzzReport> {
  const { requests, seed, concurrency, signal, onProgress = () => {} } = settings;
  await using client = new FuzzClient(server, concurrency);
  const arbitrary = fuzzRequest(server.ground);
  const outcomes = new Map<string, number>();
  for (let done = 0, batch = 0; done < requests; batch++) {
    signal?.throwIfAborted();
    const size = Math.min(batchSize, requests - done);
    const sample = fc.sample(arbitrary, { seed: seed + batch, numRuns: size });
    const failed = await runBatch(sample, (request) => client.send(request), { concurrency, outcomes });
    const fault = server.faults[0];
    if (failed !== null || fault !== undefined) {
      const complaint = failed?.complaint ?? `the server has stumbled: ${fault}`;
      const request = failed?.request ?? sample[0]!;
      server.faults.length = 0;
      return { outcomes, failure: await shrink(server, client, { seed: seed + batch, request, complaint }) };
    }
    done += size;
    onProgress(done);
  }
  return { outcomes, failure: null };
}
