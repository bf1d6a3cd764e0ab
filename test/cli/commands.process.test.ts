import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { expect, test } from "vitest";
import { operator } from "../../src/cli/operator.ts";
import { createProgram } from "../../src/cli/program.ts";
import { startMockProvider } from "../support/mock-provider.ts";
import { commandStage, connectKey } from "./command-stage.ts";
import { passMinute } from "./commands/keys/keys-stage.ts";

/** The commands that do something, each by the words that name it. */
function namesOf(command: Command, path: readonly string[] = []): string[] {
  const inner = command.commands.flatMap((child) => namesOf(child, [...path, child.name()]));
  return inner.length === 0 || command.registeredArguments.length > 0 ? [path.join(" "), ...inner] : inner;
}

/** How a command ended and what it printed, without the clocks' distance, which varies. */
const told = ({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }) => ({
  code,
  stdout: stdout.replace(/within \d+ ms/, "within some ms"),
  stderr,
});

// The other tests run commands within their own process.
test(
  "each command, in a process of its own, ends by itself, with the exit code and the output that it has in other tests",
  { timeout: 300_000 },
  async () => {
    await using provider = await startMockProvider("anthropic");
    await using stage = await commandStage({ ANTHROPIC_API_BASE_URL: provider.baseUrl });
    const [credential, session] = await stage.within(async (parts) => [
      await connectKey(parts, "alice", { apiKey: provider.key }),
      await parts.services.sessions.start(operator("alice"), "phone"),
    ]);
    const file = join(stage.folder, "credentials.jsonl");
    await writeFile(file, JSON.stringify({ user: "alice", provider: "anthropic", apiKey: provider.key }));

    const ran: string[] = [];
    const runAsProcess = (args: readonly string[]) => {
      ran.push(`${args.join(" ")} `);
      return stage.runAsProcess(args);
    };

    // Nothing of these changes what the next one prints.
    for (const args of [
      ["migrate"],
      ["providers"],
      ["credentials", "list", "--all"],
      ["sessions", "list", "--user", "alice", "--json"],
      ["keys", "list"],
      ["keys", "reseal", "--json"],
      ["keys", "rewrap"],
      ["import", file],
      ["import", "maestro"],
      ["schema", "--check"],
      ["doctor"],
      ["health"],
      ["token", "--user", "alice", "--lifetime", "soon"],
      ["credentials", "revoke", "--user", "alice", credential.id],
    ]) {
      const asProcess = await runAsProcess(args);
      expect({ args, ...told(asProcess) }).toEqual({ args, ...told(await stage.run(args)) });
    }
    for (const [args, stdout] of [
      [["token", "--user", "alice"], /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/],
      [["sessions", "end", "--user", "alice", session.id], /^Ended /],
      [["keys", "rotate"], /^Key 3 is made\..*\nKey 3 is active: .*\n1 row was resealed\.\n/],
      [["credentials", "revoke", "--user", "alice", "--yes", credential.id], /^Deleted /],
      [["restored"], /^A new timeline has begun at /],
      [["audit", "export"], /"action":"credential\.revoke".*\n$/],
    ] as const) {
      expect({ args, ...(await runAsProcess(args)) }).toMatchObject({
        args,
        code: 0,
        stdout: expect.stringMatching(stdout),
      });
    }
    await passMinute(stage);
    expect(await runAsProcess(["keys", "destroy", "1", "--yes"])).toMatchObject({ code: 0 });

    // serve.process.test.ts has the server.
    const missed = namesOf(createProgram()).filter((name) => !ran.some((line) => line.startsWith(`${name} `)));
    expect(missed).toEqual(["serve"]);
  },
);
