/** With what a command ends; a script can rely on these. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  partial: 3,
  interrupted: 130,
  terminated: 143,
} as const;

/** When each is used. docs/command-line.md has the same table. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: "everything was done; also where the reader of the output has left, as head does",
  failed: "nothing was done, or a check failed; stderr says why, and what to do",
  usage: "the command line is wrong; nothing was done",
  partial: "part of the work was done, or its result could not be written; the report or stderr says what is missing",
  interrupted: "Ctrl-C ended it at once: a start, a command that has no report, or by a second Ctrl-C the closing",
  terminated: "SIGTERM ended it at once, in the same cases",
};

const width = 100;

/** Breaks a text into lines, all but the first of them indented. */
function fold(text: string, indent: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + word.length >= width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join(`\n${indent}`);
}

/** The same, for every `--help`. */
export const exitCodeHelp = `
Exit codes:
${Object.entries(exitCodeMeanings)
  .map(
    ([name, meaning]) =>
      `  ${String(exitCodes[name as keyof typeof exitCodes]).padEnd(5)}${fold(meaning, " ".repeat(7))}`,
  )
  .join("\n")}`;
