import { BoundedBytes, ByteBoundsError } from "../lib/bounded-bytes.ts";
import { assertJsonBounds } from "../lib/json-bounds.ts";

/** A large provider publishes a dozen keys, each of at most 2 kB. */
const answerBounds = { bytes: 262_144, pieces: 1_024 };
const jsonBounds = { depth: 16, values: 4_000 };

/**
 * `fetch` for a document that the server reads from its identity provider: no more of an answer is taken than such a
 * document needs, also where it is compressed or never ends. Rejects where it is larger.
 */
export async function boundedFetch(url: string, options: RequestInit): Promise<Response> {
  const response = await fetch(url, options);
  const bytes = new BoundedBytes(answerBounds);
  try {
    for await (const piece of response.body ?? []) bytes.add(piece);
  } catch (error) {
    // Leaving the loop has cancelled the body, and with it the connection.
    if (error instanceof ByteBoundsError) throw new Error(`the answer has ${error.message}`, { cause: error });
    throw error;
  }
  const text = new TextDecoder().decode(bytes.bytes);
  if (response.ok) assertJsonBounds(text, jsonBounds);
  const { status, headers } = response;
  return new Response(text === "" ? null : text, { status, headers });
}
