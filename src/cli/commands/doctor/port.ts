import { once } from "node:events";
import { createServer } from "node:net";
import { addressOf, type Config } from "../../../config/config.ts";
import { explainListenFailure } from "../../../http/server-lifetime.ts";
import { explainFailure } from "../../failure.ts";
import { localAddress } from "../../local-server.ts";
import { fail, type Finding, ok, skip } from "./check.ts";

/** Milliseconds. */
const deadlineMs = 3_000;

/** Whether a Maestro Auth answers at an address. */
export async function answersHealth(baseUrl: string): Promise<boolean> {
  try {
    const response = await fetch(`${baseUrl}/health`, { signal: AbortSignal.timeout(deadlineMs) });
    return response.ok && ((await response.json()) as { status?: unknown }).status === "ok";
  } catch {
    return false;
  }
}

/** The port is free, or this server has it. */
export async function checkPort({ host, port }: Pick<Config, "host" | "port">): Promise<Finding> {
  if (port === 0) return skip("PORT is 0: the system picks a free one");
  const address = localAddress({ host, port });
  if (await answersHealth(`http://${address}`)) return ok(`Maestro Auth answers at ${address}`);
  const probe = createServer().listen(port, host);
  try {
    await once(probe, "listening");
    probe.close();
    return ok(`${addressOf(host, port)} is free`);
  } catch (error) {
    const explained = explainFailure(explainListenFailure(error, host));
    if (explained === null) throw error;
    return fail(explained.cause, explained.cure);
  }
}
