import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { MintedTokens } from "./refresh-oracle.ts";
import type { StrictProviderState } from "./strict-provider.ts";
import type { ControlRequests, RemoteState } from "./strict-provider/control.ts";
import { clientId, operatorEnvironment } from "./strict-provider/operator.ts";
import type { Outage } from "./strict-provider/outage.ts";
import type { Addresses } from "./strict-provider/process.ts";
import type { TokenLifetimes } from "./strict-provider/token-families.ts";

const script = fileURLToPath(new URL("strict-provider/process.ts", import.meta.url));

/** A strict provider on another core, for benches. What the provider itself has as properties is asked for here. */
export class StrictProviderProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #controlUrl: string;
  /** `http://127.0.0.1:<port>` */
  readonly baseUrl: string;
  readonly clientId = clientId;

  private constructor(child: ChildProcess, { baseUrl, controlUrl }: Addresses) {
    this.#child = child;
    this.#controlUrl = controlUrl;
    this.baseUrl = baseUrl;
  }

  /** Starts `node`. @throws Error if it ends before it listens; its stderr has said why. */
  static async start(lifetimes: Partial<TokenLifetimes> = {}): Promise<StrictProviderProcess> {
    const child = spawn(process.execPath, [script, JSON.stringify(lifetimes)], {
      env: { PATH: process.env["PATH"] },
      stdio: ["pipe", "pipe", "inherit"],
    });
    for await (const line of createInterface(child.stdout)) {
      return new StrictProviderProcess(child, JSON.parse(line) as Addresses);
    }
    throw new Error("the strict provider ended before it listened");
  }

  async mint(user: string): Promise<MintedTokens> {
    const [tokens] = await this.mintAll([user]);
    return tokens!;
  }

  /** A new family for each of these users, in their order. */
  mintAll(users: readonly string[]): Promise<MintedTokens[]> {
    return this.#ask("/mint", { users });
  }

  async isCurrent(refreshToken: string): Promise<boolean> {
    const [current] = await this.areCurrent([refreshToken]);
    return current!;
  }

  /** Of each of these refresh tokens, whether it would be accepted now. */
  areCurrent(refreshTokens: readonly string[]): Promise<boolean[]> {
    return this.#ask("/current", { refreshTokens });
  }

  /** What the token endpoint does instead from now on, until null makes it good again. */
  setDown(outage: Outage | null): Promise<null> {
    return this.#ask("/down", { outage });
  }

  /** What the sign-ins of these users meet from now on. */
  setTroubles(troubles: Readonly<Record<string, Outage>>): Promise<null> {
    return this.#ask("/troubles", { troubles });
  }

  /** What it has counted; arrivals are by the clock of this process. */
  async state(): Promise<StrictProviderState> {
    const { timeOrigin, ...state } = await this.#ask<RemoteState, "/state">("/state", {});
    const offset = timeOrigin - performance.timeOrigin;
    return { ...state, arrivals: state.arrivals.map((at) => at + offset) };
  }

  /** The operator's variables for a provider that is to use this server. */
  environment(provider: string): Record<string, string> {
    return operatorEnvironment(this.baseUrl, provider);
  }

  async #ask<Answer, Route extends keyof ControlRequests = keyof ControlRequests>(
    route: Route,
    body: ControlRequests[Route],
  ): Promise<Answer> {
    const response = await fetch(this.#controlUrl + route, { method: "POST", body: JSON.stringify(body) });
    return (await response.json()) as Answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.stdin!.end();
    await exited;
  }
}
