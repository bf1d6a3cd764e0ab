import { Command, Option } from "commander";
import { type CredentialStatus, credentialStatuses, type StatusRule } from "../../credentials/credential-status.ts";
import type { ProviderCredential } from "../../credentials/provider-credential.ts";
import { type AuthMethod, authMethods } from "../../providers/provider-auth.ts";
import { exitCodes } from "../exit-code.ts";
import { listCommand, type ListingOptions, nextHint, readPage, requireWhose } from "../listing.ts";
import { openForCommand } from "../operation.ts";
import { operator } from "../operator.ts";
import { actOnEach, targetCommand } from "../target.ts";
import { confirm } from "../terminal/confirm.ts";
import { Output, type OutputOptions } from "../terminal/output.ts";
import { table } from "../terminal/table.ts";
import { printable } from "../terminal/terminal.ts";

interface ListOptions extends ListingOptions {
  readonly provider?: string;
  readonly method?: AuthMethod;
  readonly status?: CredentialStatus;
}

interface RevokeOptions extends OutputOptions {
  readonly user: string;
  readonly yes?: boolean;
}

/** What the operator sees of a credential. Its secret is not even opened for that. */
function describe(row: ProviderCredential, rule: StatusRule, now: Date) {
  const { status, reason, since } = rule.report(row, now);
  const { id, userId, provider, authMethod, label, last4, fingerprint, expiresAt = null } = row;
  const { createdAt, lastUsedAt = null, lastRefreshedAt = null, warning = null } = row;
  const times = { expiresAt, createdAt, lastUsedAt, lastRefreshedAt };
  const state = { status, reason, since, warning };
  return { id, user: userId, provider, method: authMethod, label, ...state, last4, fingerprint, ...times };
}

function toRow(credential: ReturnType<typeof describe>): (string | null)[] {
  const { user, provider, method, label, status, last4, fingerprint, expiresAt, id } = credential;
  return [user, provider, method, label, status, last4, fingerprint.slice(0, 8), expiresAt?.toISOString() ?? null, id];
}

const headings = ["USER", "PROVIDER", "METHOD", "LABEL", "STATUS", "LAST4", "FINGERPRINT", "EXPIRES", "ID"];

async function list(options: ListOptions, command: Command): Promise<void> {
  requireWhose(options, command);
  await using parts = await openForCommand();
  const { coordinator, statusRule, clock } = parts.services;
  const { page, next } = await readPage(options, {
    ofUser: (userId, page) => coordinator.listCredentials(userId, options, page),
    ofAll: (page) => coordinator.listAllCredentials(options, page),
  });
  const credentials = page.map((row) => describe(row, statusRule, clock.now()));
  const text = credentials.length === 0 ? "No credentials found." : table(headings, credentials.map(toRow));
  const warnings = credentials.flatMap(({ id, warning }) =>
    warning === null ? [] : [`\n! ${id}: ${printable(warning)}`],
  );
  new Output(options).result({ credentials, next }, `${text}${warnings.join("")}${nextHint(next)}`);
}

const atProvider = new Map<boolean | null, string>([
  [true, "It was also revoked at the provider."],
  [false, "The provider did not confirm the revocation: revoke it in the account there."],
  [null, "The provider offers no revocation: delete it in the account there."],
]);

async function revoke(ids: readonly string[], options: RevokeOptions, command: Command): Promise<void> {
  const { user } = options;
  const output = new Output(options);
  const question = `Permanently delete ${ids.length === 1 ? "this credential" : `these ${ids.length} credentials`} of ${user}?`;
  if (!(await confirm(question, options, command))) {
    process.exitCode = exitCodes.failed;
    return output.note("Nothing was deleted.");
  }
  await using parts = await openForCommand();
  await actOnEach(ids, output, {
    key: "revoked",
    act: async (id) => {
      const { credential, revokedAtProvider } = await parts.services.coordinator.revokeCredential(operator(user), id);
      return { id, provider: credential.provider, label: credential.label, revokedAtProvider };
    },
    tell: ({ id, provider, label, revokedAtProvider }) =>
      `Deleted ${id} (${provider}, ${label}). ${atProvider.get(revokedAtProvider)}`,
  });
}

function listOfCredentials(): Command {
  return listCommand("credentials: user, provider and status. Secrets are not decrypted")
    .summary("list the credentials of one user or all users")
    .option("--provider <name>", "only this provider")
    .addOption(new Option("--method <method>", "only of one method").choices(authMethods))
    .addOption(new Option("--status <status>", "only in one status").choices(credentialStatuses))
    .addHelpText(
      "after",
      `
LAST4 and FINGERPRINT tell secrets apart without showing them: equal secrets of one user have equal fingerprints.

Examples:
  maestro-auth credentials list --user alice
  maestro-auth credentials list --all --status needs_reauth --json | jq -r '.credentials[].user'`,
    )
    .action(list);
}

function revokeCredentials(): Command {
  return targetCommand("revoke")
    .summary("delete credentials of a user permanently")
    .description("Delete credentials of a user permanently, and revoke them at the provider if it offers that.")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      `
The user's applications get the event CredentialRevoked, and the audit log names you (cli:<system user>).

Example:
  maestro-auth credentials revoke --user alice 0b7c1c9e-5a52-4f5f-9d0c-6f1f0a7f3f11`,
    )
    .action(revoke);
}

/** `maestro-auth credentials` */
export function credentialsCommand(): Command {
  return new Command("credentials")
    .summary("list or revoke what users have connected")
    .description("List or revoke what users have connected.")
    .addCommand(listOfCredentials())
    .addCommand(revokeCredentials());
}
