#!/usr/bin/env node
import { run } from "./cli/run.ts";

// A container engine asks for the health every few seconds: what the other commands bring along is not loaded for it.
const program =
  process.argv[2] === "health"
    ? (await import("./cli/commands/health.ts")).healthProgram()
    : (await import("./cli/program.ts")).createProgram();
await run(program);
