import { styled } from "./terminal.ts";

/** Frames lines on three sides. The right side stays open, so that a long token can be copied as one line. */
export function box(title: string, lines: readonly string[]): string {
  const width = Math.min(Math.max(...lines.map((line) => line.length), title.length + 4), 76);
  const edge = (text: string) => styled("dim", text);
  const top = `${edge("┌─")} ${styled("bold", title)} ${edge("─".repeat(Math.max(width - title.length - 2, 1)))}`;
  return [top, ...lines.map((line) => `${edge("│")} ${line}`.trimEnd()), edge(`└${"─".repeat(width + 2)}`)].join("\n");
}
