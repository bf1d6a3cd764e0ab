import closeWithGrace from "close-with-grace";
import { Command, InvalidArgumentError } from "commander";
import { type App, createApp } from "../../../app/app.ts";
import { addressOf, type Config, explainDevelopmentToken, loadConfig, loadLogFormat } from "../../../config/config.ts";
import { createLogger, type Logger } from "../../../observability/logger.ts";
import { keepMemoryClosed } from "../../../observability/memory-exposure.ts";
import { loadCatalog } from "../../../providers/registry.ts";
import { exitCodes } from "../../exit-code.ts";
import { exitWithFailure } from "../../failure.ts";
import { handleSignals, leaveSignals, signalCodes } from "../../signals.ts";
import { openBrowser } from "../../terminal/browser.ts";
import { jsonOption, Output, type OutputOptions } from "../../terminal/output.ts";
import { ignoreOutputFaults } from "../../terminal/standard-streams.ts";
import { readVersion } from "../version.ts";
import { StartSteps } from "./start-steps.ts";
import { type Welcome, welcome, welcomeBox } from "./welcome.ts";

interface ServeOptions extends OutputOptions {
  readonly open?: boolean;
  readonly port?: number;
}

/** A refresh in flight has its time to end, and so have open requests. */
const closeDelayMs = 25_000;

function parsePort(value: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) {
    throw new InvalidArgumentError("It must be between 0 and 65535; 0 lets the system choose.");
  }
  return Number(value);
}

/** Ends a server by the first signal, and at once by the second. */
function closeOnSignal(app: AsyncDisposable, output: Output, log: Logger): void {
  const onSecondSignal = (): never => {
    output.note("Shutdown was cut short. Stored data is kept; requests in progress may have failed.");
    process.exit(exitCodes.interrupted);
  };
  closeWithGrace({ delay: closeDelayMs, logger: false, onSecondSignal }, async ({ signal, err }) => {
    const startedAt = performance.now();
    if (err !== undefined) log.tell("server.crashed", { err });
    const reason = signal ?? (err === undefined ? "End" : "Failure");
    log.tell("server.stopping", { signal: reason });
    output.result({ event: "closing", reason }, `\n  ${reason}: closing. Press Ctrl-C again to stop at once.`);
    await app[Symbol.asyncDispose]();
    log.flush();
    log.tell("server.stopped", { signal: reason, seconds: Math.round(performance.now() - startedAt) / 1_000 });
    output.result({ event: "closed" }, "  Closed. Stored data is kept for the next start.");
  });
}

/** Ends a start that is cut off by a signal. What was not committed is undone by the next start. */
function endStartOnSignal(output: Output, log: Logger | null): void {
  handleSignals((signal) => {
    log?.tell("server.stopped", { signal });
    output.note(`${signal}: stopped before the server was ready. Stored data is kept.`);
    process.exit(signalCodes[signal]);
  });
}

/** Keeps opened secrets out of what Node can be made to show. @throws ExposedMemoryError */
function closeMemory(log: Logger): void {
  const { execArgv, env } = process;
  const onRefusal = () => log.tell("server.debugger_refused");
  keepMemoryClosed({ execArgv, nodeOptions: env["NODE_OPTIONS"] ?? "" }, onRefusal);
}

/** A server that gets no port leaves its database as tidy as one that was closed. */
async function listen(app: App): Promise<number> {
  try {
    return await app.listen();
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw error;
  }
}

async function showPage({ home, graphiql }: Welcome, output: Output): Promise<void> {
  const page = home ?? graphiql;
  if (page === null) output.note("No page to open: LANDING_PAGE and GRAPHIQL are off.");
  else if (!(await openBrowser(page))) output.note(`Could not open a browser. Open ${page} yourself.`);
}

function warnOfPages({ production, host, publicUrl, developmentToken }: Config, output: Output, log: Logger): void {
  const explained = explainDevelopmentToken(developmentToken, { production, host, publicUrl: new URL(publicUrl) });
  if (explained === null) return;
  const { cause, cure } = explained;
  if (output.isSilent) log.tell("server.exposed", { reason: cause, cure });
  output.result({ event: "warning", cause, cure }, `  ! ${cause}\n    ${cure}\n`);
}

async function serve(options: ServeOptions): Promise<void> {
  ignoreOutputFaults();
  // A log for programs has nothing for people beside it, and says also why a start failed.
  const isForPrograms = loadLogFormat(process.env) === "json";
  const output = new Output({ ...options, silent: isForPrograms });
  const failures = { json: output.isJson, log: isForPrograms ? createLogger("info") : null };
  const endWithFailure = (error: unknown) => exitWithFailure(error, failures);
  // Until the server can close in good order. Node itself would print all that an error holds.
  process.on("uncaughtException", endWithFailure);
  endStartOnSignal(output, failures.log);
  const steps = new StartSteps(output);
  steps.begin("starting");
  try {
    const catalog = await loadCatalog();
    const environment = options.port === undefined ? process.env : { ...process.env, PORT: String(options.port) };
    const config = loadConfig(catalog, environment);
    const log = createLogger(config.logLevel, undefined, config.logFormat);
    if (config.production) closeMemory(log);
    steps.done("configuration read");
    steps.begin("opening the database");
    const onWait = (reason: string) => {
      if (isForPrograms) log.tell("server.waiting", { reason });
      steps.wait(reason);
    };
    const app = await createApp(config, { catalog, log, onStep: (step) => steps.done(step), onWait });
    // From here on a signal must not cut the database off in the middle of something.
    process.off("uncaughtException", endWithFailure);
    leaveSignals();
    closeOnSignal(app, output, log);
    // Not in good order: closing the database would write to the disk that is full.
    void app.failed?.then(endWithFailure);
    const port = await listen(app);
    steps.finish(`listening on ${addressOf(config.host, port)}`);
    const news = await welcome(app, config, port);
    const database = config.databaseUrl === null ? "embedded" : "postgres";
    const address = addressOf(config.host, port);
    log.tell("server.started", { version: readVersion(), address, database, api: news.api });
    output.result({ event: "ready", ...news }, `\n${welcomeBox(news)}\n`);
    warnOfPages(config, output, log);
    if (options.open === true) await showPage(news, output);
  } catch (error) {
    steps.clear();
    if (isForPrograms) endWithFailure(error);
    throw error;
  }
}

/** `maestro-auth serve`, and what `npm start` runs. */
export function serveCommand(): Command {
  return new Command("serve")
    .summary("start the server; this is what `npm start` runs")
    .description(
      "Start the server. Without configuration it uses an embedded database in .data and prints a token and a " +
        "sandbox address to try it with.",
    )
    .option("--open", "open the start page in the browser")
    .option("--port <number>", "instead of PORT; 0 lets the system choose", parsePort)
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Ctrl-C completes requests and refreshes in progress, then stops; a second Ctrl-C stops at once. Stored data is
kept either way. With --json each step, the addresses (\`"event":"ready"\`) and the end are one line of JSON each.

Environment: docs/configuration.md lists all variables. The most common:
  PORT, HOST, PUBLIC_URL     where the server listens, and its public address
  DATABASE_URL               PostgreSQL instead of the embedded database
  DATA_DIR                   folder of the embedded database and the generated keys; .data by default
  CREDENTIAL_ENCRYPTION_KEY  required in production
  NO_COLOR                   no colours on the terminal

Examples:
  maestro-auth serve --open
  PORT=8080 DATA_DIR=/var/lib/maestro-auth maestro-auth serve`,
    )
    .action(serve);
}
