import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { fillDataFolder } from "../support/test-database.ts";
import { blocksOf, root } from "./document-blocks.ts";

const quickStart = await blocksOf("README.md");

/** What differs from run to run. */
function settled(text: string): string {
  return text
    .replaceAll(/"cursor":"[^"]+"/g, '"cursor":"*"')
    .replaceAll(/"baseUrl":"http:\/\/127\.0\.0\.1:\d+"/g, '"baseUrl":"*"')
    .trim();
}

/** A terminal that types the blocks of README.md. */
class Terminal implements AsyncDisposable {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #children: ChildProcess[] = [];
  output = "";

  constructor(environment: Readonly<Record<string, string>>) {
    this.#environment = environment;
  }

  /** Types a command; resolves with its exit code. */
  async type(command: string): Promise<number | null> {
    const env = { ...process.env, ...this.#environment };
    const child = spawn("bash", ["-ec", command], { cwd: root, env, detached: true });
    this.#children.push(child);
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (this.output += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return code;
  }

  /** Resolves once the commands have printed what matches. */
  async printed(pattern: RegExp): Promise<void> {
    const isPrinted = () => pattern.test(this.output);
    await vi.waitUntil(isPrinted, { timeout: 30_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of this.#children) {
      try {
        process.kill(-pid!, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
  }
}

test("the commands of the quick start print what README.md shows", async () => {
  await using folder = await temporaryFolder();
  await fillDataFolder(folder.path);
  await using server = await ServerProcess.start({ DATA_DIR: folder.path, SANDBOX: "true" });
  await using terminal = new Terminal({ TOKEN: server.token, DATA_DIR: folder.path });
  const asTyped = (code: string) => code.replaceAll("localhost:4000", new URL(server.baseUrl).host);

  const setup = /^(npm (ci|start)|NODE_ENV=production)/;
  const commands = quickStart.filter(({ language, code }) => language === "sh" && !setup.test(code));
  expect(commands).toHaveLength(4);
  const codes: (number | null)[] = [];
  for (const { code } of commands) {
    const ended = terminal.type(asTyped(code));
    if (!code.includes("text/event-stream")) codes.push(await ended);
    // The subscription stays open. The server begins the response with a comment.
    else await terminal.printed(/^:/m);
  }
  expect(codes.filter((code) => code !== 0)).toEqual([]);

  const connect = commands.find(({ code }) => code.includes("authenticate"))!;
  await terminal.type(asTyped(connect.code.replace("sandbox-my-first-key-0001", "wrong-key-0001")));

  const printed = quickStart.filter(({ language }) => language === "text");
  expect(printed).toHaveLength(4);
  for (const { code } of printed)
    await expect.poll(() => settled(terminal.output), { timeout: 30_000 }).toContain(settled(code));
});
