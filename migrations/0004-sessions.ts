import { Migration } from "@mikro-orm/migrations";

export class Sessions extends Migration {
  override up(): void {
    this.addSql(`
      create table "sessions" (
        "id" uuid not null,
        "user_id" varchar(255) not null,
        "label" varchar(80) null,
        "status" varchar(16) not null,
        "active_provider" varchar(64) null,
        "created_at" timestamptz(3) not null,
        "last_activity_at" timestamptz(3) not null,
        "expires_at" timestamptz(3) not null,
        "notice_at" timestamptz(3) null,
        "ended_at" timestamptz(3) null,
        primary key ("id")
      )`);
    this.addSql(`create index "sessions_user_id_index" on "sessions" ("user_id", "created_at", "id")`);
    this.addSql(`create index "sessions_notice_index" on "sessions" ("notice_at") where "notice_at" is not null`);
    this.addSql(`create index "sessions_ended_at_index" on "sessions" ("ended_at") where "ended_at" is not null`);
    this.addSql(`
      create table "session_providers" (
        "session_id" uuid not null,
        "provider" varchar(64) not null,
        "user_id" varchar(255) not null,
        "auth_method" varchar(16) not null,
        "label" varchar(80) not null,
        "source" varchar(16) not null,
        "model" varchar(128) null,
        "selected_at" timestamptz(3) not null,
        primary key ("session_id", "provider")
      )`);
    this.addSql(`
      create index "session_providers_user_id_index"
        on "session_providers" ("user_id", "provider", "auth_method", "label")`);
    this.addSql(`alter table "oauth_flows" add column "session_id" uuid null`);
  }

  override down(): void {
    this.addSql(`alter table "oauth_flows" drop column "session_id"`);
    this.addSql(`drop table "session_providers"`);
    this.addSql(`drop table "sessions"`);
  }
}
