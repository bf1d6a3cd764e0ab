import { Command, InvalidArgumentError } from "commander";
import { type Scope, scopeNames, scopes, userScopes } from "../callers/scope.ts";
import { signToken } from "../callers/token-verifier.ts";
import { systemClock } from "../clock.ts";
import { loadConfig } from "../config.ts";
import { loadCatalog } from "../providers/registry.ts";

interface TokenOptions {
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

function parseUser(value: string): string {
  if (value === "" || value.length > 255) throw new InvalidArgumentError("A user id has 1 to 255 characters.");
  return value;
}

function parseLifetime(value: string): number {
  const [, digits, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
  const seconds = Number(digits) * { s: 1, m: 60, h: 3600, d: 86_400 }[(unit ?? "s") as "s" | "m" | "h" | "d"];
  if (digits === undefined || seconds === 0) throw new InvalidArgumentError("Write it as 30m, 12h or 7d.");
  return seconds;
}

async function printToken({ user, scope, lifetime, acr, amr }: TokenOptions): Promise<void> {
  const { callerTokens } = loadConfig(await loadCatalog());
  if (callerTokens.kind !== "secret") {
    process.stderr.write("AUTH_JWKS_URL is set: your identity provider issues the tokens, this server cannot.\n");
    process.exitCode = 1;
    return;
  }
  const request = { subject: user, scopes: scope, lifetime, login: { acr, amr } };
  process.stdout.write(`${await signToken(callerTokens, request, systemClock)}\n`);
}

/** `maestro-auth token` */
export function tokenCommand(): Command {
  const list = scopeNames.map((name) => `  ${name.padEnd(20)}${scopes[name]}`).join("\n");
  return new Command("token")
    .description("Print a token for a user, signed with AUTH_JWT_SECRET or the development key in DATA_DIR.")
    .requiredOption("--user <id>", "the user's id, the token's `sub`", parseUser)
    .option("--scope <scopes>", "scopes, separated by spaces or commas", parseScopes, userScopes)
    .option("--lifetime <time>", "such as 30m, 12h or 7d", parseLifetime, 12 * 3600)
    .option("--acr <level>", "the level of the login, as STEP_UP_ACR_VALUES may ask for it")
    .option("--amr <methods>", "the methods of the login, as STEP_UP_AMR may ask for them", parseList)
    .addHelpText(
      "after",
      `\nScopes:\n${list}\n\nExample:\n  maestro-auth token --user alice --scope "credentials:read credentials:use" --lifetime 1h`,
    )
    .action(printToken);
}
