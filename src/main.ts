import closeWithGrace from "close-with-grace";
import { type App, createApp } from "./app.ts";
import { box } from "./cli/box.ts";
import { exitWithFailure } from "./cli/startup-failure.ts";
import { type Config, loadConfig } from "./config.ts";
import { keepMemoryClosed } from "./observability/memory-exposure.ts";
import { describeFailure } from "./observability/redaction.ts";
import { loadCatalog } from "./providers/registry.ts";

const tokenLifetime = 12 * 3600;

async function welcome(app: App, config: Config, port: number): Promise<string> {
  const base = config.port === 0 ? `http://localhost:${port}` : config.publicUrl;
  const token = await app.developmentToken("developer", tokenLifetime);
  return box("Maestro Auth is ready", [
    ...(config.graphiql ? [`GraphiQL   ${base}/graphql`] : []),
    `API        ${base}/graphql   (POST, SSE and WebSocket)`,
    `Health     ${base}/health`,
    ...(app.sandboxUrl === null ? [] : [`Sandbox    ${app.sandboxUrl}   (try OAuth without an account)`]),
    `Data       ${config.databaseUrl === null ? config.dataDir : `PostgreSQL at ${new URL(config.databaseUrl.reveal()).host}`}`,
    ...(token === null ? [] : ["", "A token for development, as the user `developer`, for 12 hours:", token]),
  ]);
}

// A reader of the output that has left, as `head` does, is no reason to end.
process.stdout.on("error", () => {});
// Until the server can close in good order. Node itself would print all that an error holds.
process.on("uncaughtException", exitWithFailure);
const started = Date.now();
const catalog = await loadCatalog();
try {
  const config = loadConfig(catalog);
  if (config.production) {
    const { execArgv, env } = process;
    const onRefusal = (message: string) => process.stderr.write(`${message}\n`);
    keepMemoryClosed({ execArgv, nodeOptions: env["NODE_OPTIONS"] ?? "" }, onRefusal);
  }
  const onStep = (step: string) => process.stdout.write(`  ${step}\n`);
  const app = await createApp(config, { catalog, onStep });
  const port = await app.listen();
  onStep(`listening after ${((Date.now() - started) / 1000).toFixed(1)} s`);
  process.stdout.write(`\n${await welcome(app, config, port)}\n\n`);

  process.off("uncaughtException", exitWithFailure);
  // A refresh in flight has its time to end, and so have open requests.
  closeWithGrace({ delay: 25_000, logger: false }, async ({ signal, err }) => {
    if (err !== undefined) process.stderr.write(`Unexpected failure, closing: ${describeFailure(err)}\n`);
    else process.stdout.write(`\n${signal ?? "End"}: closing. Everything stored is kept.\n`);
    await app[Symbol.asyncDispose]();
  });
} catch (error) {
  exitWithFailure(error);
}
