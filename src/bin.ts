#!/usr/bin/env node
/**
 * The installed command. A Node that is too old for the program cannot even read its syntax, so this file, which every
 * Node since 18 can read, looks first, and hands over to the Node that came as an optional dependency.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** The first major version with `using` and AsyncDisposableStack. */
const oldestNode = 24;

function bundledNode(): string | null {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`);
  } catch {
    return null;
  }
}

/** Ends as the program ends. Signals to this process alone, as a supervisor sends them, are passed on. */
function runWith(node: string): void {
  const self = fileURLToPath(import.meta.url);
  const child = spawn(node, [self, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal's Ctrl-C reaches both processes by itself, and a second one would cut the program's ending short.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  child.once("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128 + constants.signals[signal]);
  });
}

if (Number.parseInt(process.versions.node, 10) >= oldestNode) {
  await import("./cli.ts");
} else {
  const node = bundledNode();
  if (node !== null) {
    runWith(node);
  } else {
    process.stderr.write(
      `maestro-auth needs Node ${oldestNode} or later, and this is ${process.version}. Install it from https://nodejs.org, or add it here: npm install node@${oldestNode}\n`,
    );
    process.exitCode = 1;
  }
}
