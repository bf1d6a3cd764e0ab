import { CallerError } from "../callers/caller.ts";
import { CursorError } from "../events/cursor.ts";
import type { StreamEvent } from "../events/event.ts";
import type { GraphQLContext } from "./context.ts";
import { endableIterator } from "./endable-iterator.ts";

/**
 * An event, or why there are no more. The reason travels as a value, for the resolver to throw: clients then get it in
 * the form in which a subscription is refused at its start, on every transport.
 */
export type Delivery<Event extends StreamEvent> =
  { readonly event: Event } | { readonly reason: CallerError | CursorError };

const maxTimeoutMs = 2 ** 31 - 1;

/**
 * @throws CallerError once the caller's token has expired; the subscription then ends.
 * @throws CursorError if retention has overtaken a consumer that is too slow; the subscription then ends.
 */
export function eventOf<Event extends StreamEvent>(delivery: Delivery<Event>): Event {
  if ("reason" in delivery) throw delivery.reason;
  return delivery.event;
}

function tokenExpired(): CallerError {
  return new CallerError(
    "UNAUTHENTICATED",
    "The token has expired. Subscribe again with a new one, after your last cursor.",
  );
}

/**
 * The caller's events from the stream, until the caller's token expires or the consumer stops. Nothing is read ahead:
 * a consumer that stands still stops the reading.
 */
export async function deliver<Event extends StreamEvent>(
  { caller, stream, clock }: GraphQLContext,
  after: string | null,
  isWanted: (event: StreamEvent) => event is Event,
): Promise<AsyncIterableIterator<Delivery<Event>>> {
  const stop = new AbortController();
  const events = await stream.read(caller.userId, after, stop.signal);
  const isExpired = () => clock.now() >= caller.expiresAt;
  const remainingMs = caller.expiresAt.getTime() - clock.now().getTime();
  // A timer may be a millisecond early. A longer time than it can wait is left to the check at each event.
  const timer = remainingMs < maxTimeoutMs ? setTimeout(() => stop.abort(), remainingMs + 1).unref() : undefined;

  async function* pull(): AsyncGenerator<Delivery<Event>> {
    try {
      for await (const event of events) {
        if (isExpired()) break;
        if (isWanted(event)) yield { event };
      }
      if (isExpired()) yield { reason: tokenExpired() };
    } catch (error) {
      if (!(error instanceof CursorError)) throw error;
      yield { reason: error };
    } finally {
      clearTimeout(timer);
    }
  }

  return endableIterator(pull(), () => {
    clearTimeout(timer);
    stop.abort();
  });
}
