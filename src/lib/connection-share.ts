import { AsyncLocalStorage } from "node:async_hooks";

/** Whom the present work is done for. */
const worksFor = new AsyncLocalStorage<string>();

/** Runs work for a user: the database connections that it takes are the user's. */
export function runFor<T>(userId: string, work: () => T): T {
  return worksFor.run(userId, work);
}

interface PooledClient {
  release(error?: unknown): void;
}

type Connected = (error: Error | undefined, client: PooledClient | undefined, release: unknown) => void;

/** As much of a pool of connections (pg-pool) as is needed here. */
interface Pool {
  connect(): Promise<PooledClient>;
  connect(done: Connected): void;
}

interface Share {
  held: number;
  readonly waiting: (() => void)[];
}

/**
 * Keeps any user from holding more than a share of a pool's connections: what is asked beyond it waits, while others
 * get theirs at once. Work that is nobody's, such as a sweep, has no share.
 * @param limit connections that one user may hold
 */
export function shareConnections(pool: Pool, limit: number): void {
  const shares = new Map<string, Share>();
  const connect: Pool["connect"] = pool.connect.bind(pool);

  const enter = async (userId: string): Promise<void> => {
    const share = shares.get(userId) ?? { held: 0, waiting: [] };
    shares.set(userId, share);
    if (share.held < limit) share.held += 1;
    // Whoever leaves hands the place over.
    else await new Promise<void>((resolve) => share.waiting.push(resolve));
  };
  const leave = (userId: string): void => {
    const share = shares.get(userId)!;
    const next = share.waiting.shift();
    if (next !== undefined) next();
    else if (--share.held === 0) shares.delete(userId);
  };
  const counted = (userId: string, client: PooledClient): PooledClient => {
    const release = client.release.bind(client);
    client.release = (error) => {
      // The pool gives the client a `release` of its own for each use.
      client.release = release;
      release(error);
      leave(userId);
    };
    return client;
  };
  const connectFor = async (userId: string): Promise<PooledClient> => {
    await enter(userId);
    try {
      return counted(userId, await connect());
    } catch (error) {
      leave(userId);
      throw error;
    }
  };
  const answer = async (userId: string, done: Connected): Promise<void> => {
    let client: PooledClient;
    try {
      client = await connectFor(userId);
    } catch (error) {
      done(error as Error, undefined, () => {});
      return;
    }
    done(undefined, client, (error?: unknown) => client.release(error));
  };

  const shared = (done?: Connected): Promise<PooledClient> | void => {
    const userId = worksFor.getStore();
    if (userId === undefined) return done === undefined ? connect() : connect(done);
    if (done === undefined) return connectFor(userId);
    void answer(userId, done);
  };
  pool.connect = shared as Pool["connect"];
}
