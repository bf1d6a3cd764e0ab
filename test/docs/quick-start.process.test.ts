import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { startMockProvider } from "../support/mock-provider.ts";
import { ServerProcess } from "../support/server-process.ts";
import { fillDataFolder } from "../support/test-database.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { blocksOf, root } from "./document-blocks.ts";

const quickStart = await blocksOf("README.md");

/** What differs from run to run. */
function settled(text: string): string {
  return text
    .replaceAll(/"(cursor|last4|fingerprint|lastValidatedAt)":"[^"]+"/g, '"$1":"*"')
    .replace(/,?…\s*$/, "")
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

test("the quick start's commands print what README.md says that they print", async () => {
  await using folder = await temporaryFolder();
  await fillDataFolder(folder.path);
  await using provider = await startMockProvider("anthropic");
  await using server = await ServerProcess.start({ DATA_DIR: folder.path, ANTHROPIC_API_BASE_URL: provider.baseUrl });
  // A reader waits until the subscription is there before connecting; a test subscribes from the beginning.
  const beginning = Buffer.from("e1.0").toString("base64url");
  const environment = { TOKEN: server.token, MAESTRO_URL: `${server.baseUrl}/graphql`, AFTER: beginning };
  await using terminal = new Terminal(environment);
  const asTyped = (code: string, key = provider.key) =>
    code
      .replaceAll("localhost:4000", new URL(server.baseUrl).host)
      .replaceAll("eyJ…", server.token)
      .replaceAll("sk-ant-api03-…", key);

  const commands = quickStart.filter(({ language, code }) => language === "sh" && !/npm (ci|start)/.test(code));
  expect(commands.length).toBeGreaterThanOrEqual(3);
  const codes: (number | null)[] = [];
  for (const { code } of commands) {
    const ended = terminal.type(asTyped(code));
    // The subscriber runs on, as in a terminal of its own.
    if (!code.includes("subscribe.ts")) codes.push(await ended);
  }
  expect(codes.filter((code) => code !== 0)).toEqual([]);

  const connect = commands.find(({ code }) => code.includes("curl"))!;
  await terminal.type(asTyped(connect.code, "a-key-that-nobody-knows"));

  const printed = quickStart.filter(({ language }) => language === "text");
  expect(printed.length).toBeGreaterThanOrEqual(3);
  for (const { code } of printed)
    await expect.poll(() => settled(terminal.output), { timeout: 30_000 }).toContain(settled(code));
});
