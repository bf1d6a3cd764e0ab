import type { Bench } from "../bench.ts";
import { delivery } from "./delivery.ts";
import { idleSockets } from "./idle-sockets.ts";
import { manyReaders } from "./many-readers.ts";
import { stalledConsumer } from "./stalled-consumer.ts";

/** The benches of event streams, by name. */
export const streamBenches: readonly (readonly [name: string, bench: Bench])[] = [
  ["many-readers", manyReaders],
  ["delivery", delivery],
  ["idle-sockets", idleSockets],
  ["stalled-consumer", stalledConsumer],
];
