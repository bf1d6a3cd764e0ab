import { styleText } from "node:util";
import { withoutUnsafe } from "../../credentials/label.ts";

type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

/** Styled where the stream is a terminal that shows it; NO_COLOR and FORCE_COLOR decide over that. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream, validateStream: true });
}

/**
 * Without what would move the cursor, change colours or turn the direction of text: users choose labels and identity
 * providers choose user ids. Of what shows nothing by itself only the joiners stay, without which words change.
 */
export function printable(text: string): string {
  return withoutUnsafe(text, "�").replaceAll(/(?![\u200c\u200d])\p{Cf}/gu, "");
}

/**
 * JSON that a terminal can show. JSON.stringify escapes the older control characters only: here C1, marks that turn the
 * direction of text, and all else of Unicode's category C have escapes too, and mean the same.
 */
export function printableJson(value: unknown): string {
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(value).replaceAll(/\p{C}/gu, (text) => text.split("").map(escape).join(""));
}
