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
 * Keeps any user from holding more than a share of a pool's connections: what is asked beyond it waits, while others get
 * theirs at once. Work that is nobody's, such as a sweep, has no share.
 * @param limit connections that one user may hold
 */
export function shareConnections(pool: Pool, limit: number): void {
  const shares = new Map<string, Share>();
  const connect = pool.connect.bind(pool) as Pool["connect"];

  const enter = (userId: string, go: () => void): void => {
    const share = shares.get(userId) ?? { held: 0, waiting: [] };
    shares.set(userId, share);
    if (share.held >= limit) share.waiting.push(go);
    else {
      share.held += 1;
      go();
    }
  };
  const leave = (userId: string): void => {
    const share = shares.get(userId)!;
    const next = share.waiting.shift();
    // The next one takes the place that has become free.
    if (next !== undefined) next();
    else if (--share.held === 0) shares.delete(userId);
  };
  const counted = (userId: string, client: PooledClient): void => {
    const release = client.release.bind(client);
    client.release = (error) => {
      // The pool gives the client a `release` of its own for each use.
      client.release = release;
      release(error);
      leave(userId);
    };
  };

  const connectFor = (userId: string): Promise<PooledClient> =>
    new Promise((resolve, reject) => {
      enter(userId, () => {
        connect().then(
          (client) => {
            counted(userId, client);
            resolve(client);
          },
          (error: unknown) => {
            leave(userId);
            reject(error as Error);
          },
        );
      });
    });

  const shared = (done?: Connected): Promise<PooledClient> | void => {
    const userId = worksFor.getStore();
    if (userId === undefined) return done === undefined ? connect() : connect(done);
    const client = connectFor(userId);
    if (done === undefined) return client;
    client.then(
      (given) => done(undefined, given, (error?: unknown) => given.release(error)),
      (error: unknown) => done(error as Error, undefined, () => {}),
    );
  };
  pool.connect = shared as Pool["connect"];
}
