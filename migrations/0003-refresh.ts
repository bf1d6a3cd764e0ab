import { Migration } from "@mikro-orm/migrations";

export class Refresh extends Migration {
  override up(): void {
    this.addSql(`
      alter table "provider_credentials"
        add column "refresh_after" timestamptz(3) null,
        add column "earliest_refresh_at" timestamptz(3) null,
        add column "next_try_at" timestamptz(3) null,
        add column "fail_count" int not null default 0,
        add column "lease_epoch" int not null default 0,
        add column "lease_owner" uuid null,
        add column "lease_until" timestamptz(3) null,
        add column "sent_at" timestamptz(3) null,
        add column "replay_after" timestamptz(3) null,
        add column "expiry_notice_at" timestamptz(3) null`);
    this.addSql(`
      update "provider_credentials" set
        "refresh_after" = case when "refreshable" then "expires_at" - interval '5 minutes' end,
        "next_try_at" = case when "refreshable" then "expires_at" - interval '5 minutes' end,
        "expiry_notice_at" = "expires_at" - interval '5 minutes'
      where "status" = 'active' and "expires_at" is not null`);
    this.addSql(`
      create index "provider_credentials_due_index" on "provider_credentials" ("provider", "next_try_at")
        where "next_try_at" is not null`);
    this.addSql(`
      create index "provider_credentials_expiry_notice_index" on "provider_credentials" ("expiry_notice_at")
        where "expiry_notice_at" is not null`);
  }

  override down(): void {
    this.addSql(`drop index "provider_credentials_due_index"`);
    this.addSql(`drop index "provider_credentials_expiry_notice_index"`);
    this.addSql(`
      alter table "provider_credentials"
        drop column "refresh_after",
        drop column "earliest_refresh_at",
        drop column "next_try_at",
        drop column "fail_count",
        drop column "lease_epoch",
        drop column "lease_owner",
        drop column "lease_until",
        drop column "sent_at",
        drop column "replay_after",
        drop column "expiry_notice_at"`);
  }
}
