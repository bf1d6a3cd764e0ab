import type { DestinationStream } from "pino";

/** Without what would move a terminal's cursor or change its colours. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, "�");
}

function shown(value: unknown): string {
  return printable(typeof value === "string" && /^[\w:./@-]+$/.test(value) ? value : JSON.stringify(value));
}

function textOf(line: string): string {
  const { level, time, event, msg, err, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const { stack, ...error } = (err ?? {}) as { readonly stack?: unknown };
  const told = err === undefined ? fields : { ...fields, err: error };
  const pairs = Object.entries(told).map(([name, value]) => ` ${name}=${shown(value)}`);
  const head = `${String(time).slice(11, 19)} ${String(level).toUpperCase().padEnd(5)} ${String(event)}`;
  const frames = typeof stack === "string" ? `\n${stack.split("\n").map(printable).join("\n")}` : "";
  return `${head}: ${printable(String(msg))}${pairs.join("")}${frames}\n`;
}

/** Takes lines of JSON, and writes them as text for a person: time (UTC), level, event, message and fields. */
export function textLines(destination: DestinationStream): DestinationStream {
  return {
    write: (line) => {
      destination.write(textOf(line));
    },
  };
}
