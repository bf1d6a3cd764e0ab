import { Command, Option } from "commander";
import { loadListenAddress } from "../../config/config.ts";
import { OperatorError } from "../../errors/operator-error.ts";
import { localAddress } from "../local-server.ts";
import { jsonOption, Output, type OutputOptions } from "../terminal/output.ts";

interface HealthOptions extends OutputOptions {
  readonly ready?: boolean;
}

/** Milliseconds. Shorter than the time that container engines give a check. */
const deadlineMs = 3_000;

async function statusOf(url: string): Promise<number | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(deadlineMs) });
    await response.body?.cancel();
    return response.status;
  } catch {
    return null;
  }
}

async function checkHealth({ ready = false, json = false }: HealthOptions): Promise<void> {
  const url = `http://${localAddress(loadListenAddress())}/${ready ? "ready" : "health"}`;
  const status = await statusOf(url);
  if (status === 200) {
    new Output({ json }).result({ url, healthy: true }, `${url} answers.`);
    return;
  }
  throw status === null
    ? new OperatorError(`No server responds at ${url}.`, "Start it, or set PORT and HOST to the server's.")
    : new OperatorError(
        `${url} answered ${status}.`,
        ready ? "The server runs, but it cannot write to its database. Check its log." : "Check the server's log.",
      );
}

/** `maestro-auth health`: what a container engine runs to see whether the server in its container lives. */
export function healthCommand(): Command {
  return new Command("health")
    .summary("ask the server on this machine whether it is alive")
    .description("Ask the server on this machine, found by this configuration, whether it is alive.")
    .addOption(new Option("--ready", "ask whether it can serve requests, its database included"))
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Environment: the server's; HOST and PORT say where it listens.

Examples:
  maestro-auth health
  maestro-auth health --ready`,
    )
    .action(checkHealth);
}

/** `maestro-auth` with this command alone. */
export function healthProgram(): Command {
  return new Command("maestro-auth").addCommand(healthCommand());
}
