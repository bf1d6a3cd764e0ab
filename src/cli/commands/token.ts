import { Command, InvalidArgumentError, Option } from "commander";
import { type Scope, scopeNames, scopes, userScopes } from "../../callers/scope.ts";
import { signToken } from "../../callers/token-verifier.ts";
import { loadConfig } from "../../config/config.ts";
import { OperatorError } from "../../errors/operator-error.ts";
import { systemClock } from "../../lib/clock.ts";
import { loadCatalog } from "../../providers/registry.ts";
import { jsonOption, Output, type OutputOptions } from "../terminal/output.ts";
import { parseUser } from "../user-option.ts";

interface TokenOptions extends OutputOptions {
  readonly user: string;
  readonly scope: Scope[];
  readonly lifetime: number;
  readonly acr?: string;
  readonly amr?: string[];
}

function parseScopes(value: string): Scope[] {
  const names = parseList(value);
  const unknown = names.filter((name) => !(scopeNames as string[]).includes(name));
  if (unknown.length > 0) throw new InvalidArgumentError(`Unknown: ${unknown.join(", ")}.`);
  return names as Scope[];
}

function parseList(value: string): string[] {
  return value.split(/[\s,]+/).filter((text) => text !== "");
}

function parseLifetime(value: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
  const seconds = Number(digits) * { s: 1, m: 60, h: 3600, d: 86_400 }[(unit ?? "s") as "s" | "m" | "h" | "d"];
  if (digits === undefined || seconds === 0) throw new InvalidArgumentError("Use a form such as 30m, 12h or 7d.");
  return seconds;
}

async function printToken({ user, scope, lifetime, acr, amr, json }: TokenOptions): Promise<void> {
  const { callerTokens } = loadConfig(await loadCatalog());
  if (callerTokens.kind !== "secret") {
    throw new OperatorError(
      "AUTH_JWKS_URL is set: your identity provider issues the tokens, so this server cannot.",
      "Ask the identity provider for one, or unset AUTH_JWKS_URL and set AUTH_JWT_SECRET.",
    );
  }
  const expiresAt = new Date(systemClock.now().getTime() + lifetime * 1000);
  const request = { subject: user, scopes: scope, lifetime, login: { acr, amr } };
  const token = await signToken(callerTokens, request, systemClock);
  new Output({ json: json === true }).result({ token, user, scopes: scope, expiresAt }, token);
}

/** `maestro-auth token` */
export function tokenCommand(): Command {
  const list = scopeNames.map((name) => `  ${name.padEnd(20)}${scopes[name]}`).join("\n");
  return new Command("token")
    .summary("print a token for a user")
    .description("Print a token for a user, signed with AUTH_JWT_SECRET or the development key in DATA_DIR.")
    .requiredOption("--user <id>", "the user, which becomes the token's `sub`; required", parseUser)
    .addOption(
      new Option("--scope <scopes>", "scopes, separated by spaces or commas")
        .argParser(parseScopes)
        .default(userScopes, "all but users:act and admin"),
    )
    .addOption(
      new Option("--lifetime <time>", "such as 30m, 12h or 7d").argParser(parseLifetime).default(12 * 3600, "12h"),
    )
    .option("--acr <level>", "the level of the login, which STEP_UP_ACR_VALUES can require")
    .option("--amr <methods>", "the methods of the login, which STEP_UP_AMR can require", parseList)
    .addOption(jsonOption())
    .addHelpText(
      "after",
      `
Scopes:
${list}

Environment: AUTH_JWT_SECRET, or DATA_DIR with the development keys; AUTH_ISSUER and AUTH_AUDIENCE if set.

Examples:
  maestro-auth token --user alice
  maestro-auth token --user alice --scope "credentials:read credentials:use" --lifetime 1h`,
    )
    .action(printToken);
}
