import { flowStatus, type OAuthFlow } from "../../connect/oauth/flow.ts";
import type { GraphQLContext } from "../context.ts";
import { endableIterator } from "../delivery/endable-iterator.ts";

/** A lost doorbell, and the passing of the flow's time, are found by looking this often. */
const lookIntervalMs = 1_000;

/** The flow as it is, then at each change of its status, until it has ended or the caller's token has expired. */
export function deliverFlow(context: GraphQLContext, first: OAuthFlow): AsyncIterableIterator<OAuthFlow> {
  const { caller, clock, expiries, flowStore, watch, accesses } = context;
  accesses.follow(caller);
  const stop = new AbortController();
  const expiring = { caller, expire: () => stop.abort() };

  async function* pull(): AsyncGenerator<OAuthFlow> {
    expiries.add(expiring);
    using stack = new DisposableStack();
    stack.defer(() => expiries.delete(expiring));
    const handle = stack.use(watch.watch(caller.userId));
    let told: string | null = null;
    let flow: OAuthFlow | null = first;
    while (flow !== null && !stop.signal.aborted && clock.now() < caller.expiresAt) {
      const wakeUps = handle.wakeUps;
      const status = flowStatus(flow, clock.now());
      if (status !== told) yield flow;
      told = status;
      if (status !== "pending") return;
      await handle.changed(wakeUps, AbortSignal.any([stop.signal, AbortSignal.timeout(lookIntervalMs)]));
      flow = await flowStore.find(caller.userId, flow.id);
    }
  }

  return endableIterator(pull(), () => stop.abort());
}
