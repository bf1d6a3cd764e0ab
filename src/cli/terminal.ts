import { styleText } from "node:util";

type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

/** Styled where the stream is a terminal that shows it; NO_COLOR and FORCE_COLOR decide over that. */
export function styled(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream, validateStream: true });
}

/** Without what would move the cursor or change colours: users choose labels and identity providers choose user ids. */
export function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, "�");
}
