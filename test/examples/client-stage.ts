import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { authenticateMutation, eventsSubscription, viewerQuery } from "../client/operations.ts";
import { FaultProxy } from "../support/fault-proxy.ts";
import { type MockProvider, startMockProvider } from "../support/mock-provider.ts";
import { ExampleProcess, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { migratedDatabaseIn } from "../support/test-database.ts";

/** The examples that are clients, each in a process of its own. */
export const clientNames = ["apollo", "urql", "relay", "graphql-ws", "event-source", "fetch"] as const;

/** A port that a server can come back to. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** A server in a process of its own, a network that can be cut, and all clients behind it. */
export class ClientStage implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #clients = new Map<string, ExampleProcess>();
  readonly #provider: MockProvider;
  readonly #environment: Readonly<Record<string, string>>;
  readonly network: FaultProxy;
  /** The cursor of the place before the stream's first event. */
  readonly #beginning: string;
  #server: ServerProcess;

  private constructor(parts: {
    readonly provider: MockProvider;
    readonly environment: Readonly<Record<string, string>>;
    readonly network: FaultProxy;
    readonly server: ServerProcess;
    readonly beginning: string;
  }) {
    this.#provider = parts.provider;
    this.#environment = parts.environment;
    this.network = parts.network;
    this.#server = parts.server;
    this.#beginning = parts.beginning;
  }

  static async start(): Promise<ClientStage> {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder());
    const provider = stack.use(await startMockProvider("anthropic"));
    const port = await freePort();
    const environment = {
      PORT: String(port),
      ...(await migratedDatabaseIn(folder.path)),
      ANTHROPIC_API_BASE_URL: provider.baseUrl,
    };
    const network = stack.use(await FaultProxy.start({ port }));
    const server = await ServerProcess.start(environment);
    const { eventCursor: beginning } = (await server.client().execute(viewerQuery)).viewer;
    const stage = new ClientStage({ provider, environment, network, server, beginning });
    stage.#stack.use(stack.move());
    stage.#stack.defer(() => stage.#server[Symbol.asyncDispose]());
    for (const name of clientNames) stage.#clients.set(name, stage.#stack.use(stage.#startClient(name)));
    return stage;
  }

  #startClient(name: string): ExampleProcess {
    const url = this.network.through(`${this.#server.baseUrl}/graphql`);
    const variables = { MAESTRO_URL: url, TOKEN: this.#server.token, API_KEY: this.#provider.key };
    return new ExampleProcess(`test/examples/${name}.ts`, variables);
  }

  /** Ends the server, and starts it again at the same port with the same data. */
  async restart(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await this.#server.stop(signal);
    this.#server = await ServerProcess.start(this.#environment);
  }

  /** Connects with each of these labels, past the network: as many events. */
  async connect(...labels: readonly string[]): Promise<void> {
    for (const label of labels) {
      const input = { provider: "anthropic", label, credential: { apiKey: this.#provider.key } };
      const { authenticate } = await this.#server.client().execute(authenticateMutation, { input });
      if (authenticate.__typename !== "AuthenticatePayload") throw new Error(authenticate.message);
    }
  }

  /** All that a client has printed. */
  output(name: string): string {
    return this.#clients.get(name)!.output;
  }

  /** The cursors that a client has printed, in its order. */
  seenBy(name: string): string[] {
    return Array.from(this.output(name).matchAll(/"cursor":"([\w-]+)"/g), ([, cursor]) => cursor!);
  }

  /** The cursors of all events, as the server has them. */
  async cursors(): Promise<string[]> {
    const client = this.#server.client();
    const { eventCursor } = (await client.execute(viewerQuery)).viewer;
    await using events = await client.subscribeSse(eventsSubscription, { after: this.#beginning });
    const cursors: string[] = [];
    while (cursors.at(-1) !== eventCursor) cursors.push((await events.next()).data!.events.cursor);
    return cursors;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
