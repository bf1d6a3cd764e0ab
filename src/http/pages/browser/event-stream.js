import { noAnswer } from "./refusal.js";

/**
 * The results in an event stream (https://html.spec.whatwg.org/multipage/server-sent-events.html).
 * @param {Response} response
 * @returns {AsyncGenerator<{ data: object, errors?: import("./refusal.js").RefusedAnswer["errors"] }, void, void>}
 * @throws {Refusal} where the connection is cut
 */
export async function* readEvents(response) {
  let text = "";
  const chunks = /** @type {ReadableStream<Uint8Array<ArrayBuffer>>} */ (response.body);
  const reader = chunks.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw noAnswer();
      });
      if (done) return;
      const blocks = (text + value).split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const line = block.split("\n").find((part) => part.startsWith("data:"));
        const payload = line?.slice(5).trim() ?? "";
        if (payload !== "") yield JSON.parse(payload);
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}
