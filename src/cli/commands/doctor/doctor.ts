import { Command } from "commander";
import { openConfiguredDatabase } from "../../../app/database.ts";
import { openEmbeddedCopy } from "../../../app/embedded-copy.ts";
import { type Config, ConfigError, loadConfig } from "../../../config/config.ts";
import { isDatabaseMade } from "../../../db/configured-database.ts";
import type { Database } from "../../../db/database.ts";
import { FolderInUseError } from "../../../db/folder-lock.ts";
import { systemClock } from "../../../lib/clock.ts";
import { HttpClient } from "../../../providers/http-client.ts";
import type { ProviderDefinition } from "../../../providers/provider-definition.ts";
import { createRegistry, loadCatalog } from "../../../providers/registry.ts";
import { exitCodes } from "../../exit-code.ts";
import { explainFaults } from "../../failure.ts";
import { readTextFile } from "../../input-file.ts";
import { jsonOption, Output, type OutputOptions } from "../../terminal/output.ts";
import { startProgress } from "../../terminal/progress.ts";
import { fail, type Finding, ok, skip } from "./check.ts";
import { checkClock } from "./clock.ts";
import { checkEncryption, checkListening, checkPooler, checkWrites } from "./connections.ts";
import { checkSpace, checkSpool, checkWritable } from "./data-folder.ts";
import { checkDevelopmentToken } from "./development-token.ts";
import { checkKeyStrength, checkRows, countCredentials, openKeys } from "./encryption.ts";
import { checkEvents } from "./events.ts";
import { Examination } from "./examination.ts";
import { checkIdentityProvider } from "./identity-provider.ts";
import { checkNode } from "./node.ts";
import { checkOAuthEndpoints } from "./oauth-endpoints.ts";
import { checkPort } from "./port.ts";
import { checkProvider } from "./provider.ts";
import { checkProxy } from "./proxy.ts";
import { checkRedirectUris } from "./redirects.ts";
import { checkRenewals } from "./renewals.ts";
import { checkRotation } from "./rotation.ts";
import { checkMigrations, checkVersion } from "./schema.ts";
import { checkStreaming } from "./streaming.ts";
import { checkTrustedDocuments } from "./trusted-documents.ts";

async function examineSecrets(database: Database, config: Config, examination: Examination): Promise<void> {
  const vault = await examination.obtain("keys", async () => {
    const vault = await openKeys(database, config);
    if (vault === null) return [skip("there are none yet; the first start makes them"), null];
    return [ok(`all open, as their commitments say; sealing with key ${vault.keyring.active.id}`), vault];
  });
  if (vault === null) return;
  await examination.check("rotation", () => checkRotation(database));
  await examination.check("credentials", async () => {
    using progress = startProgress("Opening credentials", await countCredentials(database));
    return checkRows(database, vault, progress);
  });
}

async function examineContent(database: Database, config: Config, examination: Examination): Promise<void> {
  await examination.check("database", () => checkVersion(database));
  await examination.check("encryption", () => checkEncryption(database, config));
  await examination.check("pooler", () => checkPooler(database, config));
  await examination.check("writes", () => checkWrites(database));
  await examination.check("clock", () => checkClock(database));
  const isMigrated = await examination.check("migrations", () => checkMigrations(database));
  if (!isMigrated) return;
  await examineSecrets(database, config, examination);
  await examination.check("renewals", () => checkRenewals(database));
}

interface Opened extends AsyncDisposable {
  readonly database: Database;
}

async function connect(config: Config): Promise<[Finding, Opened | null]> {
  if (!isDatabaseMade(config)) return [skip("there is no database yet; the first start creates it"), null];
  if (config.databaseUrl !== null) {
    const database = await openConfiguredDatabase(config);
    return [ok("connected to PostgreSQL"), { database, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }];
  }
  try {
    return [ok("the embedded database opens (as a copy)"), await openEmbeddedCopy(config.dataDir)];
  } catch (error) {
    if (!(error instanceof FolderInUseError)) throw error;
    return [skip(`${error.reason} Stop it to check the database, its keys and its rows.`), null];
  }
}

async function examineDatabase(config: Config, examination: Examination): Promise<void> {
  await using opened = await examination.obtain("connection", () => connect(config));
  if (opened !== null) await examineContent(opened.database, config, examination);
  await examination.check("listening", () => checkListening(config));
}

async function examineProviders(
  config: Config,
  catalog: readonly ProviderDefinition[],
  examination: Examination,
): Promise<void> {
  await using http = new HttpClient();
  const registry = createRegistry(catalog, config.providers, { http, clock: systemClock });
  await examination.check("redirect-uris", () => checkRedirectUris(config, registry));
  for (const provider of registry.list()) {
    await examination.check(`provider:${provider.name}`, () => checkProvider(provider, config));
    const checkOAuth = checkOAuthEndpoints(config, provider.name);
    if (checkOAuth !== null) await examination.check(`oauth:${provider.name}`, checkOAuth);
  }
}

interface ReadConfig {
  readonly config: Config;
  /** Whether the first start will generate keys: those in `config` are for this run only. */
  readonly lacksKeys: boolean;
}

function readConfig(catalog: readonly ProviderDefinition[]): [Finding, ReadConfig | null] {
  let lacksKeys = false;
  try {
    const config = loadConfig(catalog, process.env, { onMissingKeys: () => (lacksKeys = true) });
    const keys = lacksKeys ? "; the first start generates the keys" : "";
    return [ok(`complete for ${config.production ? "production" : "development"}${keys}`), { config, lacksKeys }];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const faults = explainFaults(error);
    return [fail(faults.map(({ cause }) => cause).join(" "), faults.map(({ cure }) => cure).join(" ")), null];
  }
}

interface DoctorOptions extends OutputOptions {
  readonly tokenFile?: string;
}

/** A token may stand in a file with or without `Bearer`, and with a line break at its end. @throws OperatorError */
async function readToken(file: string): Promise<string> {
  const cure = "Name a file with a caller's token, or - for stdin.";
  const token = await readTextFile({ file, name: "The file of --token-file", cure });
  return token.replace(/^Bearer\s+/i, "");
}

async function examine(examination: Examination, token: string | null): Promise<void> {
  await examination.check("node", () => checkNode());
  const catalog = await loadCatalog();
  const read = await examination.obtain("configuration", () => readConfig(catalog));
  if (read === null) return;
  const { config, lacksKeys } = read;
  const { dataDir } = config;
  if (await examination.check("data-folder", () => checkWritable(dataDir))) {
    await examination.check("disk", () => checkSpace(dataDir));
    await examination.check("spool", () => checkSpool(dataDir));
  }
  await examination.check("key-strength", () =>
    lacksKeys ? skip("there are no keys yet; the first start generates them") : checkKeyStrength(config),
  );
  await examination.check("identity-provider", () => checkIdentityProvider(config));
  await examineDatabase(config, examination);
  await examination.check("events", () => checkEvents(config));
  await examination.check("trusted-documents", () => checkTrustedDocuments(config));
  await examineProviders(config, catalog, examination);
  await examination.check("development-token", () => checkDevelopmentToken(config));
  await examination.check("proxy", () => checkProxy(config));
  await examination.check("port", () => checkPort(config));
  await examination.check("streaming", () => checkStreaming(config, token));
}

async function run({ tokenFile, ...options }: DoctorOptions): Promise<void> {
  const token = tokenFile === undefined ? null : await readToken(tokenFile);
  const output = new Output(options);
  const examination = new Examination(output);
  await examine(examination, token);
  examination.conclude();
  if (!examination.isHealthy) process.exitCode = exitCodes.failed;
}

/** `maestro-auth doctor` */
export function doctorCommand(): Command {
  return new Command("doctor")
    .summary("check everything that can keep the server from working")
    .description(
      "Check everything that can keep the server from working. Each problem comes with its cause and what to do; the " +
        "last line says what to do first. Nothing is changed: no folder, no keys, no database. Run it with the " +
        "environment of the server, before the start or beside it.",
    )
    .option("--token-file <file>", "test event streams with the caller's token in this file; - reads stdin")
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Checks:
  node, configuration             the version of Node; all variables
  data-folder, disk, spool        whether DATA_DIR is writable; its free space; refreshed tokens that wait in it
  key-strength                    whether CREDENTIAL_ENCRYPTION_KEY is random
  identity-provider               whether the keys at AUTH_JWKS_URL can be read
  connection, database, clock     whether the database opens; its version; its clock compared to this machine's
  encryption, pooler, writes      whether the connection is encrypted; a pooler in between; whether it is writable
  migrations, keys, credentials   pending migrations; whether the keys and every stored credential open
  rotation                        an unfinished key rotation; credentials that older keys still seal
  renewals                        sign-ins that providers refuse to refresh, with their error codes
  listening                       the connection that listens for events, and whether it is encrypted
  events                          Redis, if EVENTS_URL is set
  trusted-documents               the file that TRUSTED_DOCUMENTS names
  redirect-uris                   https; whether the server's own callbacks are allowed
  provider:<name>                 DNS and TLS; whether the provider refuses an invented key as documented
  oauth:<name>                    whether the OAuth addresses that you set answer
  development-token               who gets a token from the pages of a development server
  proxy                           whether TRUSTED_PROXY_HOPS is set if PUBLIC_URL is https
  port                            whether PORT is free or used by this server
  streaming                       whether a proxy before PUBLIC_URL delays event streams; if an identity provider
                                  issues your tokens, pass one with --token-file

A running server has the embedded database to itself: stop it to check the content. PostgreSQL is checked while the
server runs. Warnings (!) do not change the exit code.

Examples:
  maestro-auth doctor
  maestro-auth doctor --token-file token.txt
  maestro-auth doctor --json | jq '.checks[] | select(.status == "fail")'`,
    )
    .action(run);
}
