import type { Duplex } from "node:stream";
import { type RawRefusal, sendRawRefusal } from "../raw-refusal.ts";

const refusals = {
  origin: {
    status: 403,
    code: "ORIGIN_NOT_ALLOWED",
    message: "Pages of this origin may not open a WebSocket here. The operator adds origins with ALLOWED_ORIGINS.",
  },
  path: { status: 404, code: "NOT_FOUND", message: "There is no WebSocket here; the API is at /graphql." },
} as const satisfies Readonly<Record<string, RawRefusal>>;

/** Answers an upgrade with an error status. */
export function refuseUpgrade(socket: Duplex, reason: keyof typeof refusals): void {
  sendRawRefusal(socket, refusals[reason]);
}
