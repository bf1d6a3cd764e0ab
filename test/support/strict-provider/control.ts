import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { send } from "../mock-provider/answer.ts";
import type { StrictProvider, StrictProviderState } from "../strict-provider.ts";
import type { Outage } from "./outage.ts";

/** What a strict provider in a process of its own is asked: routes, and what goes with each. */
export interface ControlRequests {
  readonly "/mint": { readonly users: readonly string[] };
  readonly "/current": { readonly refreshTokens: readonly string[] };
  readonly "/down": { readonly outage: Outage | null };
  /** What the sign-ins of each of these users meet. */
  readonly "/troubles": { readonly troubles: Readonly<Record<string, Outage>> };
  readonly "/state": Readonly<Record<string, never>>;
}

/** A state whose arrivals are milliseconds since `timeOrigin`, which is one since 1970. */
export interface RemoteState extends StrictProviderState {
  readonly timeOrigin: number;
}

async function answer(provider: StrictProvider, request: IncomingMessage): Promise<unknown> {
  const body = (await json(request)) as Partial<
    ControlRequests["/mint"] & ControlRequests["/current"] & ControlRequests["/down"] & ControlRequests["/troubles"]
  >;
  switch (request.url as keyof ControlRequests) {
    case "/mint":
      return Promise.all((body.users ?? []).map((user) => provider.mint(user)));
    case "/current":
      return Promise.all((body.refreshTokens ?? []).map((token) => provider.isCurrent(token)));
    case "/down":
      provider.down = body.outage ?? null;
      return null;
    case "/troubles":
      for (const [user, outage] of Object.entries(body.troubles ?? {})) provider.troubles.set(user, outage);
      return null;
    case "/state": {
      const { refreshes, successes, reuses, inFlight, maxInFlight, arrivals } = provider;
      const { timeOrigin } = performance;
      return { refreshes, successes, reuses, inFlight, maxInFlight, arrivals, timeOrigin } satisfies RemoteState;
    }
    default:
      throw new Error(`there is no ${request.url}`);
  }
}

/** Listens for the test, beside the provider, on a free port of 127.0.0.1. @returns `http://127.0.0.1:<port>` */
export async function listenForControl(provider: StrictProvider): Promise<string> {
  const http = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    void answer(provider, request).then((body) => send(response, { status: 200, body }));
  }).listen(0, "127.0.0.1");
  await once(http, "listening");
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}
