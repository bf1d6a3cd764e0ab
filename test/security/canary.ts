import { randomBytes } from "node:crypto";

/** So much of a secret, in a row, that it cannot stand somewhere by chance. */
const pieceLength = 10;
const coreLength = 30;

/** A secret that is made for one test, and recognised in whatever form it comes out. */
export interface Canary {
  readonly name: string;
  /** What is sent. */
  readonly secret: string;
  /** The letters and digits in its middle, which no encoding of text escapes. */
  readonly core: string;
}

function randomLetters(length: number): string {
  const letters = randomBytes(length * 4).toString("base64");
  return letters.replaceAll(/[^A-Za-z0-9]/g, "").slice(0, length);
}

/** @param form puts the core into a text of the kind that is wanted; its last characters may be shown (`last4`). */
export function newCanary(name: string, form = (core: string) => `sk-ant-api03-${core}-tail`): Canary {
  const core = randomLetters(coreLength);
  return { name, secret: form(core), core };
}

/**
 * A canary for bytes, such as a key: it is recognised as text in these forms, and in the file of a database as it is.
 */
export function byteCanary(name: string, bytes: Buffer): Canary {
  return { name, secret: bytes.toString("base64"), core: bytes.toString("latin1") };
}

/** Base64 of a text in the middle of another, at each of the three places where it may begin. */
function base64Forms(text: string): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text, "latin1")]).toString("base64");
    // What the neighbours have a share in is cut off.
    return encoded.slice(Math.ceil((offset * 4) / 3), -4);
  });
}

/** Every text in which a piece of a secret would be found again. */
function formsOf({ core }: Canary): string[] {
  const pieces: string[] = [];
  for (let start = 0; start + pieceLength <= core.length; start += pieceLength / 2) {
    pieces.push(core.slice(start, start + pieceLength));
  }
  const bytes = Buffer.from(core, "latin1");
  const base64 = base64Forms(core);
  return [
    ...pieces,
    ...pieces.map((piece) => piece.split("").toReversed().join("")),
    bytes.toString("hex").slice(0, 2 * pieceLength),
    bytes
      .toString("hex")
      .slice(0, 2 * pieceLength)
      .toUpperCase(),
    ...base64.map((text) => text.slice(0, 16)),
    ...base64.map((text) => text.replaceAll("+", "-").replaceAll("/", "_").slice(0, 16)),
    // As JSON writes a Buffer.
    [...bytes.subarray(0, pieceLength)].join(","),
  ];
}

/** Looks for canaries in texts and bytes. */
export class CanaryWatch {
  readonly #forms = new Map<string, string>();

  constructor(canaries: readonly Canary[] = []) {
    for (const canary of canaries) this.add(canary);
  }

  add<C extends Canary>(canary: C): C {
    for (const form of formsOf(canary)) this.#forms.set(form, canary.name);
    return canary;
  }

  /** The names of the canaries that stand in a place, each with the form that was found. */
  find(place: string | Uint8Array): string[] {
    const text = typeof place === "string" ? place : Buffer.from(place).toString("latin1");
    return [...this.#forms].filter(([form]) => text.includes(form)).map(([form, name]) => `${name} as ${form}`);
  }
}
