import { WebSocket } from "ws";
import { requestBounds } from "../connections/connection-limits.ts";

const { messageBytes, messageFragments, messagePieces } = requestBounds;

/** By the codes with which ws closes for what it counts (RFC 6455, section 7.4.1). */
const reasons: Readonly<Record<number, string>> = {
  1008: `A message may have at most ${messageFragments} fragments, in at most ${messagePieces} pieces.`,
  1009: `A message may have at most ${messageBytes} bytes.`,
};

/** A socket that names the limit when it closes because of one: ws itself gives the code alone. */
export class ExplainingSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason ?? reasons[code ?? 0]);
  }
}
