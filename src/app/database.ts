import { AuditEntryEntity } from "../audit/audit-log.ts";
import { OAuthFlowEntity } from "../connect/oauth/flow.ts";
import { CredentialUseEntity, ProviderCredentialEntity } from "../credentials/provider-credential.ts";
import { ServerProcessEntity } from "../credentials/rotation/server-process.ts";
import { EncryptionKeyEntity } from "../credentials/sealing/encryption-key.ts";
import {
  type DatabaseSettings,
  openConfiguredDatabase as openConfigured,
  type OpenOptions,
} from "../db/configured-database.ts";
import { type Database, type DatabaseLocation, openDatabase as open } from "../db/database.ts";
import { EventEntity, UserStreamEntity } from "../events/event.ts";
import { RateLimitEntity } from "../rate-limits/row.ts";
import { SessionEntity, SessionProviderEntity } from "../sessions/session.ts";

/** All tables. Each is defined in the folder that owns it; the database itself knows none. */
const entities = [
  ProviderCredentialEntity,
  CredentialUseEntity,
  EncryptionKeyEntity,
  ServerProcessEntity,
  UserStreamEntity,
  EventEntity,
  AuditEntryEntity,
  OAuthFlowEntity,
  SessionEntity,
  SessionProviderEntity,
  RateLimitEntity,
];

/**
 * Opens a database that knows all tables; migrations are a step of their own.
 * @throws OperatorError
 */
export async function openDatabase(location: DatabaseLocation): Promise<Database> {
  return open(location, entities);
}

/**
 * Opens PostgreSQL where the configuration names one, else the embedded database in its folder.
 * @throws OperatorError
 */
export async function openConfiguredDatabase(
  settings: DatabaseSettings,
  options: Omit<OpenOptions, "entities"> = {},
): Promise<Database> {
  return openConfigured(settings, { ...options, entities });
}
