import { Migration } from "@mikro-orm/migrations";

export class Initial extends Migration {
  override up(): void {
    this.addSql(`
      create table "provider_credentials" (
        "id" uuid not null,
        "user_id" varchar(255) not null,
        "provider" varchar(64) not null,
        "auth_method" varchar(16) not null,
        "label" varchar(80) not null,
        "credentials" bytea not null,
        "key_id" int not null,
        "token_version" int not null,
        "status" varchar(16) not null,
        "status_reason" text null,
        "status_since" timestamptz(3) not null,
        "last4" varchar(4) not null,
        "fingerprint" varchar(32) not null,
        "account" jsonb null,
        "scopes" text[] not null,
        "refreshable" boolean not null,
        "expires_at" timestamptz(3) null,
        "last_validated_at" timestamptz(3) null,
        "last_refreshed_at" timestamptz(3) null,
        "last_used_at" timestamptz(3) null,
        "created_at" timestamptz(3) not null,
        "updated_at" timestamptz(3) not null,
        primary key ("id")
      )`);
    this.addSql(`
      alter table "provider_credentials" add constraint "provider_credentials_owner_unique"
        unique ("user_id", "provider", "auth_method", "label")`);
    this.addSql(
      `create index "provider_credentials_user_id_index" on "provider_credentials" ("user_id", "created_at", "id")`,
    );
    this.addSql(`create index "provider_credentials_provider_index" on "provider_credentials" ("provider")`);
    this.addSql(`create index "provider_credentials_auth_method_index" on "provider_credentials" ("auth_method")`);
    this.addSql(`create index "provider_credentials_expires_at_index" on "provider_credentials" ("expires_at")`);

    this.addSql(`
      create table "credential_uses" (
        "credential_id" uuid not null,
        "hour" timestamptz(0) not null,
        "user_id" varchar(255) not null,
        "uses" int not null,
        primary key ("credential_id", "hour")
      )`);

    this.addSql(`
      create table "encryption_keys" (
        "id" int not null,
        "purpose" varchar(16) not null,
        "state" varchar(16) not null,
        "wrapped_key" bytea not null,
        "kek_id" varchar(32) not null,
        "commitment" bytea not null,
        "created_at" timestamptz(3) not null,
        primary key ("id")
      )`);

    this.addSql(`
      create table "user_streams" (
        "user_id" varchar(255) not null,
        "seq" bigint not null default '0',
        "floor" bigint not null default '0',
        primary key ("user_id")
      )`);

    this.addSql(`
      create table "events" (
        "user_id" varchar(255) not null,
        "seq" bigint not null,
        "type" varchar(40) not null,
        "body" jsonb not null,
        "created_at" timestamptz(3) not null,
        primary key ("user_id", "seq")
      )`);
    this.addSql(`create index "events_created_at_index" on "events" ("created_at")`);

    this.addSql(`
      create table "audit_log" (
        "id" bigserial primary key,
        "at" timestamptz(3) not null,
        "user_id" varchar(255) not null,
        "actor" varchar(255) not null,
        "action" varchar(64) not null,
        "outcome" varchar(64) not null,
        "provider" varchar(64) null,
        "credential_id" uuid null,
        "ip" varchar(64) null,
        "user_agent" varchar(256) null
      )`);
    this.addSql(`create index "audit_log_user_id_index" on "audit_log" ("user_id", "at", "id")`);
  }

  override down(): void {
    for (const table of [
      "audit_log",
      "events",
      "user_streams",
      "encryption_keys",
      "credential_uses",
      "provider_credentials",
    ]) {
      this.addSql(`drop table "${table}"`);
    }
  }
}
