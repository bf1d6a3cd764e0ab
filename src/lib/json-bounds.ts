/** How large the structure of a JSON text may be, beside its bytes. */
export interface JsonBounds {
  /** Arrays and objects within each other. */
  readonly depth: number;
  /** Members of objects and elements of arrays, all together. */
  readonly values: number;
}

/** More than any operation needs: they nest a few levels, and lists have at most a hundred entries. */
export const operationJson: JsonBounds = { depth: 32, values: 2_000 };

/**
 * What a provider answers: its longest lists, of models, have some ten thousand values. How deep it is does not matter
 * here: what nests deeply is left out where it would, since the rest may be the only copy of new tokens.
 */
export const answerJson: JsonBounds = { depth: Number.POSITIVE_INFINITY, values: 50_000 };

/** The JSON is deeper or has more values than is allowed. The message is safe to show: nothing of the text is in it. */
export class JsonBoundsError extends Error {
  readonly limit: number;

  constructor(kind: keyof JsonBounds, limit: number) {
    super(kind === "depth" ? `JSON may nest at most ${limit} levels.` : `JSON may hold at most ${limit} values.`);
    this.name = "JsonBoundsError";
    this.limit = limit;
  }
}

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The place after the string that begins at `start`. */
function afterString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === backslash) at += 1;
    else if (char === quote) return at + 1;
  }
  return text.length;
}

/**
 * Measures a JSON text before anything is built from it: what walks over deep values afterwards (JSON.stringify, a
 * printer, a validator) calls itself for each level, and an object of a hundred thousand names takes far more memory
 * than its text. Takes time in proportion to the length. A text that is no JSON may pass; the parser refuses it.
 * @throws JsonBoundsError
 */
export function assertJsonBounds(text: string, { depth, values }: JsonBounds): void {
  let level = 0;
  let count = 0;
  for (let at = 0; at < text.length;) {
    const char = text.charCodeAt(at);
    if (char === quote) {
      at = afterString(text, at);
      continue;
    }
    at += 1;
    if (char === closeArray || char === closeObject) level -= 1;
    else if (char === openArray || char === openObject) {
      if (++level > depth) throw new JsonBoundsError("depth", depth);
    } else if (char !== comma) continue;
    else if (++count >= values) throw new JsonBoundsError("values", values);
  }
}
