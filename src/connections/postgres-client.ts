import pg from "pg";
import { OperatorError } from "../errors/operator-error.ts";
import type { PostgresTarget } from "./postgres-url.ts";
import { type ClientWatch, watchClient } from "./watched-client.ts";

/** The server took a statement, and nothing came back in time: a network has swallowed it. */
export class PostgresSilentError extends Error {
  override readonly name = "PostgresSilentError";
  readonly code = "ETIMEDOUT";

  constructor() {
    super("PostgreSQL did not answer in time; the connection is given up");
  }
}

class ChannelBindingError extends OperatorError {
  constructor() {
    super(
      "The URL has channel_binding=require, and the server does not offer SCRAM with channel binding.",
      "Let the server store SCRAM passwords (password_encryption = scram-sha-256), or remove channel_binding.",
    );
  }
}

export interface ClientOptions {
  readonly applicationName: string;
  /** Parameters of the session that are sent when it opens, so that no statement is needed for them. */
  readonly session?: Readonly<Record<string, string>>;
  /** Milliseconds of silence after which a statement's connection is given up; unlimited unless it is given. */
  readonly answerMs?: number;
  readonly types?: pg.CustomTypesConfig;
  /** Of a pool's clients. */
  readonly watch?: ClientWatch;
}

type ClientClass = new (options?: Pick<ClientOptions, "types">) => PostgresClient;

/** The class whose clients a pool makes: of the pool's own options only the types of values count. */
export function clientClass(target: PostgresTarget, options: ClientOptions): ClientClass {
  return class extends PostgresClient {
    constructor({ types }: Pick<ClientOptions, "types"> = {}) {
      super(target, { ...options, ...(types === undefined ? {} : { types }) });
      if (options.watch !== undefined) watchClient(this, options.watch);
    }
  };
}

/** Milliseconds that a connection may take to open. */
export const connectMs = 10_000;
/** Milliseconds after which the system looks whether the other side of an idle connection is still there. */
const keepAliveMs = 10_000;

/** What pg has, and its types leave out. */
interface Internals {
  readonly readyForQuery?: boolean;
  readonly connection: NodeJS.EventEmitter & { readonly stream: import("node:net").Socket };
}

/**
 * A connection to PostgreSQL as every part of the server opens it: of TLS exactly what the URL says, with limits that
 * notice a network that swallows.
 */
export class PostgresClient extends pg.Client {
  readonly #session: Readonly<Record<string, string>>;
  /** Whether the connection is encrypted on this side; behind a pooler PostgreSQL sees another connection. */
  get isEncrypted(): boolean {
    return "encrypted" in this.#internals.connection.stream;
  }

  constructor(target: PostgresTarget, { applicationName, session = {}, answerMs, types }: ClientOptions) {
    super({
      host: target.host,
      port: target.port,
      // Where these are undefined pg asks the environment and the system, as libpq does.
      user: target.user,
      password: target.password,
      database: target.database,
      // Always given, or pg would look for PGSSLMODE itself and read it in another way.
      ssl: target.tls,
      sslnegotiation: target.sslnegotiation,
      enableChannelBinding: target.channelBinding !== "disable",
      application_name: applicationName,
      options: target.options,
      connectionTimeoutMillis: target.connectMs ?? connectMs,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveMs,
      ...(types === undefined ? {} : { types }),
    } as pg.ClientConfig);
    this.#session = session;
    if (target.channelBinding === "require") this.#requireBinding();
    if (answerMs !== undefined) this.once("connect", () => this.#limitSilence(answerMs));
  }

  get #internals(): Internals {
    return this as unknown as Internals;
  }

  /** The server's process as the other side of this connection told it; a pooler tells one of its own making. */
  get backendPid(): number | null {
    return (this as unknown as { readonly processID: number | null }).processID;
  }

  /** What pg sends when it opens the session, and the parameters that it has no option for. */
  getStartupConf(): Record<string, string> {
    const base = pg.Client.prototype as unknown as { getStartupConf(this: PostgresClient): Record<string, string> };
    return { ...base.getStartupConf.call(this), ...this.#session };
  }

  /** The timer is the socket's own: it costs nothing for each statement. */
  #limitSilence(answerMs: number): void {
    const { stream } = this.#internals.connection;
    stream.setTimeout(answerMs);
    stream.on("timeout", () => {
      if (this.#internals.readyForQuery === false) stream.destroy(new PostgresSilentError());
    });
  }

  /** pg binds where the server offers it, and goes on without it where not. */
  #requireBinding(): void {
    const { connection } = this.#internals;
    let isBound = false;
    const refuse = () => {
      // What the server has already sent along must not open the session.
      connection.removeAllListeners("readyForQuery");
      connection.emit("error", new ChannelBindingError());
      connection.stream.destroy();
    };
    connection.on("authenticationSASL", ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
      isBound = mechanisms.includes("SCRAM-SHA-256-PLUS");
      if (!isBound) refuse();
    });
    connection.on("authenticationCleartextPassword", refuse);
    connection.on("authenticationMD5Password", refuse);
    connection.on("authenticationOk", () => {
      if (!isBound) refuse();
    });
  }
}
