import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { lineWriter } from "../../../src/cli/commands/audit.ts";

/** An output whose second write fails with a code. */
function failingOutput(code: string) {
  const written: string[] = [];
  const output = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (written.length > 0) return done(Object.assign(new Error("it failed"), { code }));
      written.push(chunk.toString());
      done();
    },
  });
  return { output, written };
}

test("a reader that has left ends the export, and is no failure", async () => {
  const { output, written } = failingOutput("EPIPE");
  const write = lineWriter(output);
  expect(await write("one\n")).toBe(true);
  await write("two\n");
  await expect.poll(() => output.destroyed).toBe(true);
  expect(await write("three\n")).toBe(false);
  expect(written).toEqual(["one\n"]);
});

test("an output that takes no more, such as a full disk, is a failure: the export would look whole", async () => {
  const { output } = failingOutput("ENOSPC");
  const write = lineWriter(output);
  await write("one\n");
  const failed = (async () => {
    for (;;) await write("more\n");
  })();
  await expect(failed).rejects.toMatchObject({ code: "ENOSPC" });
});

test("lines are written no faster than they are read", async () => {
  const pending: (() => void)[] = [];
  const output = new Writable({ highWaterMark: 4, write: (_chunk, _encoding, done) => void pending.push(done) });
  const write = lineWriter(output);
  let isWritten = false;
  const writing = write("more than the output holds\n").then(() => (isWritten = true));
  await new Promise(setImmediate);
  expect(isWritten).toBe(false);
  pending.shift()!();
  await writing;
});
