import type { Config } from "../../../config/config.ts";
import type { CredentialSealer } from "../../../credentials/credential-sealer.ts";
import { forgottenKeyId, type ProviderCredential } from "../../../credentials/provider-credential.ts";
import { openVault, type Vault } from "../../../credentials/vault.ts";
import type { Database } from "../../../db/database.ts";
import { KeyUnavailableError } from "../../../errors/auth-error.ts";
import { OperatorError } from "../../../errors/operator-error.ts";
import { systemClock } from "../../../lib/clock.ts";
import type { OwnedPosition } from "../../../lib/pagination.ts";
import type { Progress } from "../../terminal/progress.ts";
import { fail, type Finding, ok, skip } from "./check.ts";

/** Of 32 random bytes about 30 differ; fewer than this many are not random, with a certainty of 1 to 10^12. */
const leastDistinctBytes = 18;
const batchSize = 500;

/** Whether 32 bytes look as if a machine had drawn them. */
function describeWeakness(bytes: Uint8Array): string | null {
  if (new Set(bytes).size < leastDistinctBytes) return "repeats itself";
  const steps = new Set(Array.from(bytes.subarray(1), (byte, index) => (byte - bytes[index]! + 256) % 256));
  if (steps.size < leastDistinctBytes / 2) return "counts up or down";
  return bytes.every((byte) => byte >= 0x20 && byte < 0x7f) ? "is text that somebody typed" : null;
}

export function checkKeyStrength({ encryptionKeys }: Pick<Config, "encryptionKeys">): Finding {
  for (const { id, bytes } of encryptionKeys) {
    const weakness = describeWeakness(Buffer.from(bytes.reveal(), "hex"));
    if (weakness === null) continue;
    return fail(
      `Key "${id}" of CREDENTIAL_ENCRYPTION_KEY ${weakness}, so it can be guessed.`,
      "Generate one with `openssl rand -base64 32` and put it before the old one: `new-id:key,old-id:key`.",
    );
  }
  return ok(`${encryptionKeys.length} key${encryptionKeys.length === 1 ? "" : "s"} of 32 random bytes`);
}

const countKeys = { name: "count_keys", text: "select count(*)::int as count from encryption_keys" };
const countRows = { name: "count_rows", text: "select count(*)::int as count from provider_credentials" };

export async function countCredentials(database: Database): Promise<number> {
  return (await database.query<{ count: number }>(countRows, []))[0]!.count;
}

/** Opens the keys and compares each with its commitment. @throws KeyringError, or another OperatorError */
export async function openKeys(database: Database, config: Config): Promise<Vault | null> {
  const [keys] = await database.query<{ count: number }>(countKeys, []);
  // Opening the vault of a database without keys would create some.
  if (keys!.count === 0) {
    const credentials = await countCredentials(database);
    if (credentials === 0) return null;
    throw new OperatorError(
      `The database has ${credentials} credentials and no key that opens them: the table encryption_keys is empty.`,
      "Restore the database from a backup.",
    );
  }
  return openVault(database, config, systemClock);
}

async function isReadable(sealer: CredentialSealer, row: ProviderCredential): Promise<boolean> {
  try {
    await sealer.open(row, { expiresAt: null, scopes: [] });
    return true;
  } catch (error) {
    if (error instanceof KeyUnavailableError) return false;
    throw error;
  }
}

/** Opens every stored secret, batch by batch; those whose secret was forgotten on purpose have nothing to open. */
export async function checkRows(database: Database, { store, sealer }: Vault, progress: Progress): Promise<Finding> {
  const unreadable = new Map<number, number>();
  let opened = 0;
  let forgotten = 0;
  let example: ProviderCredential | null = null;
  let after: OwnedPosition | undefined;
  for (;;) {
    // Each batch with an EntityManager of its own, whose rows are let go with it.
    const rows = await store.listOfAll(database.em(), {}, { after, limit: batchSize });
    for (const row of rows) {
      progress.advance();
      if (row.keyId === forgottenKeyId) forgotten += 1;
      else if (await isReadable(sealer, row)) opened += 1;
      else {
        unreadable.set(row.keyId, (unreadable.get(row.keyId) ?? 0) + 1);
        example ??= row;
      }
    }
    if (rows.length < batchSize) break;
    after = rows.at(-1);
  }
  if (example === null) {
    if (opened + forgotten === 0) return skip("no credentials are stored yet");
    return ok(`${opened} opened${forgotten === 0 ? "" : `, ${forgotten} ended and erased`}`);
  }
  const byKey = [...unreadable].map(([key, count]) => `${count} sealed with key ${key}`).join(", ");
  return fail(
    `Of ${opened + [...unreadable.values()].reduce((sum, count) => sum + count, 0)} credentials, some cannot be decrypted: ${byKey}; the first is ${example.id}.`,
    "Restore these rows from a backup: they were changed or moved. Without a backup, revoke them and let the users connect again.",
  );
}
