import { type Caller, CallerError } from "../../callers/caller.ts";
import { type Expiring, type TokenExpiries, tokenExpired } from "../../callers/token-expiries.ts";
import { CursorError } from "../../events/cursor.ts";
import type { EventReader } from "../../events/event-reader.ts";
import type { StreamEvent } from "../../events/event.ts";
import type { Clock } from "../../lib/clock.ts";
import type { GraphQLContext } from "../context.ts";

/**
 * An event, or why there are no more. The reason travels as a value, for the resolver to throw: clients then get it in
 * the form in which a subscription is refused at its start, on every transport.
 */
export type Delivery<Event extends StreamEvent = StreamEvent> =
  | {
      readonly event: Event;
      /** The number of the latest event that was known at the time of delivery. */
      readonly latest: number;
    }
  | { readonly reason: CallerError | CursorError };

type Wanted<Event extends StreamEvent> = (event: StreamEvent) => event is Event;

/**
 * @throws CallerError once the caller's token is no longer good; the subscription then ends.
 * @throws CursorError if retention has overtaken a consumer that is too slow; the subscription then ends.
 */
export function eventOf<Event extends StreamEvent>(delivery: Delivery<Event>): Event {
  if ("reason" in delivery) throw delivery.reason;
  return delivery.event;
}

function expired(reason: string): CallerError {
  return new CallerError("UNAUTHENTICATED", `${reason} Subscribe again with a new one, after your last cursor.`);
}

/**
 * The caller's events from the stream, until the caller's token is no longer good or the consumer stops. Nothing is
 * read ahead: a consumer that stands still stops the reading.
 */
export class Deliveries<Event extends StreamEvent>
  implements AsyncIterableIterator<Delivery<Event>, undefined>, Expiring
{
  readonly caller: Caller;
  readonly #clock: Clock;
  readonly #expiries: TokenExpiries;
  readonly #reader: EventReader;
  readonly #isWanted: Wanted<Event>;
  #expiryReason: string | null = null;
  #isOver = false;

  /** Of the context only parts are kept: what hangs on it would last for as long as the subscription. */
  constructor({ caller, clock, expiries }: GraphQLContext, reader: EventReader, isWanted: Wanted<Event>) {
    this.caller = caller;
    this.#clock = clock;
    this.#expiries = expiries;
    this.#reader = reader;
    this.#isWanted = isWanted;
    expiries.add(this);
  }

  expire(reason: string): void {
    this.#expiryReason = reason;
    this.#reader[Symbol.dispose]();
  }

  async next(): Promise<IteratorResult<Delivery<Event>, undefined>> {
    while (!this.#isOver) {
      const event = await this.#read();
      if (event instanceof Error) {
        this.#end();
        return { value: { reason: event }, done: false };
      }
      if (event === null) break;
      if (this.#isWanted(event)) return { value: { event, latest: this.#reader.latest }, done: false };
    }
    return this.return();
  }

  /** The next event, the reason why there is none, or null where the consumer has stopped. */
  async #read(): Promise<StreamEvent | CallerError | CursorError | null> {
    try {
      const { value = null } = await this.#reader.next();
      if (this.#isOver) return null;
      if (this.#clock.now() >= this.caller.expiresAt) this.#expiryReason ??= tokenExpired;
      return this.#expiryReason === null ? value : expired(this.#expiryReason);
    } catch (error) {
      if (error instanceof CursorError) return error;
      this.#end();
      throw error;
    }
  }

  /** Also ends a wait for the next event. */
  return(): Promise<IteratorResult<Delivery<Event>, undefined>> {
    this.#end();
    return Promise.resolve({ value: undefined, done: true });
  }

  #end(): void {
    this.#isOver = true;
    this.#expiries.delete(this);
    this.#reader[Symbol.dispose]();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

/** Follows the caller's stream. @throws CursorError for an `after` that the stream does not reach */
export async function deliver<Event extends StreamEvent>(
  context: GraphQLContext,
  after: string | null,
  isWanted: Wanted<Event>,
): Promise<Deliveries<Event>> {
  const { caller, stream, accesses } = context;
  const reader = await stream.read(caller.userId, after);
  accesses.follow(caller);
  return new Deliveries(context, reader, isWanted);
}
