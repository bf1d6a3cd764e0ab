import { expect, test } from "vitest";
import { startMockProvider } from "../../../support/mock-provider.ts";
import { commandStage } from "../../command-stage.ts";

interface Report {
  readonly imported: number;
  readonly notImported: readonly { readonly line: number; readonly code: string; readonly reason: string }[];
}

test.each([
  ["an import that asks the provider", []],
  ["an import that does not", ["--no-check"]],
])(
  "%s stores no more than a user's quota, tells which lines found no room, and replaces without any",
  async (_name, more) => {
    await using provider = await startMockProvider("anthropic");
    await using stage = await commandStage({ ANTHROPIC_API_BASE_URL: provider.baseUrl, QUOTA_CREDENTIALS: "2" });
    const line = (user: string, label: string) => ({ user, provider: "anthropic", apiKey: provider.key, label });
    const run = async (lines: readonly object[], options: readonly string[]) => {
      const input = lines.map((item) => JSON.stringify(item)).join("\n");
      const args = ["import", "-", "--json", "--concurrency", "1", ...more, ...options];
      return JSON.parse((await stage.run(args, { input })).stdout) as Report;
    };
    const report = await run(["a", "b", "c"].map((label) => line("alice", label)).concat(line("bob", "c")), []);
    expect(report.imported).toBe(3);
    expect(report.notImported).toMatchObject([
      { line: 3, code: "QUOTA_EXCEEDED", reason: expect.stringContaining("QUOTA_CREDENTIALS") },
    ]);
    expect(await run([line("alice", "b")], ["--replace"])).toMatchObject({ notImported: [] });
  },
);
