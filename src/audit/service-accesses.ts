import { createHash } from "node:crypto";
import type { Database } from "../db/database.ts";
import type { OperationOutcome } from "../errors/outcome.ts";
import type { Clock } from "../lib/clock.ts";
import { WriteBehind } from "../lib/write-behind.ts";
import type { Logger } from "../observability/logger.ts";
import { type AuditActor, shortUserAgent } from "./audit-log.ts";

/** What a service asked for on a user's behalf, and what came of it. */
export interface ServiceAccess {
  readonly action: "credential.access" | "user.read" | "user.follow";
  readonly outcome: OperationOutcome;
  readonly provider: string | null;
  /** Null for a refusal, for the server's own key, and where no single one is meant. */
  readonly credentialId: string | null;
  /** A user got what is the user's own: no entry tells of it. Follows from the caller unless it is given. */
  readonly isOwn?: boolean;
}

interface Entry extends Omit<ServiceAccess, "isOwn">, AuditActor {
  readonly at: number;
  readonly once: string;
}

const succeeded = { outcome: "succeeded", provider: null, credentialId: null } as const;

const hourMs = 3_600_000;
/** How long an entry may wait before it is written, and so how much a crash can lose. */
const delayMs = 1_000;
const maxPending = 10_000;
/**
 * Entries of the present hour that this process remembers; one that it has forgotten costs a statement, no second row.
 */
const maxRemembered = 100_000;

// The rows are added in the order of their keys: two processes that add the same ones in different orders would stop
// each other.
const statement = {
  name: "record_service_accesses",
  text: `insert into audit_log (at, user_id, actor, action, outcome, provider, credential_id, ip, user_agent, once)
    select to_timestamp(at / 1000), "userId", actor, action, outcome, provider, "credentialId", ip, "userAgent", once
    from json_to_recordset($1::json) as r (at float8, "userId" text, actor text, action text, outcome text, provider text,
      "credentialId" uuid, ip text, "userAgent" text, once text)
    order by "userId", once
    on conflict (user_id, once) do nothing`,
};

/**
 * Puts on record that services use users' credentials, and read and follow what users have: an entry for each service,
 * user, action, credential, outcome and hour, of whichever process, and not for each call. It is written a little
 * later, so that no call waits for it.
 */
export class ServiceAccesses implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #entries: WriteBehind<Entry>;
  readonly #remembered = new Set<string>();
  #hour = 0;

  constructor(database: Database, clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#entries = new WriteBehind<Entry>({
      delayMs,
      maxPending,
      merge: (older) => older,
      write: async (entries) => void (await database.query(statement, [JSON.stringify(entries)])),
      onFailure: (err, count) => log.tell("audit.delayed", { count, err }),
    });
  }

  /** A user's call for what is the user's own is left out. */
  record({ userId, actor, ip, userAgent }: AuditActor, access: ServiceAccess): void {
    const { action, outcome, provider, credentialId, isOwn = actor === userId } = access;
    if (isOwn) return;
    const at = this.#clock.now().getTime();
    this.#turnTo(at - (at % hourMs));
    const key = JSON.stringify([userId, actor, action, outcome, provider, credentialId, this.#hour]);
    if (this.#remembered.has(key)) return;
    if (this.#remembered.size >= maxRemembered) this.#remembered.clear();
    this.#remembered.add(key);
    const once = createHash("sha256").update(key).digest("base64url");
    this.#entries.add(key, {
      at,
      userId,
      actor,
      action,
      outcome,
      provider,
      credentialId,
      ip,
      userAgent: shortUserAgent(userAgent),
      once,
    });
  }

  /** Somebody reads what a user has. */
  read(by: AuditActor): void {
    this.record(by, { ...succeeded, action: "user.read" });
  }

  /** Somebody subscribes to what happens to a user. */
  follow(by: AuditActor): void {
    this.record(by, { ...succeeded, action: "user.follow" });
  }

  /** Writes what is there so far. What cannot be written is kept for the next time. */
  async flush(): Promise<void> {
    await this.#entries.flush();
  }

  #turnTo(hour: number): void {
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#remembered.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#entries[Symbol.asyncDispose]();
  }
}
