import { WebSocket } from "ws";

/** "Message Too Big" (RFC 6455, section 7.4.1). */
const messageTooBig = 1009;

/** A socket that says how large a message may be when it closes because of one: ws itself gives the code alone. */
export function explainingSocket(maxBytes: number): typeof WebSocket {
  return class extends WebSocket {
    override close(code?: number, reason?: string | Buffer): void {
      const isUnexplained = code === messageTooBig && reason === undefined;
      super.close(code, isUnexplained ? `A message may have at most ${maxBytes} bytes.` : reason);
    }
  };
}
