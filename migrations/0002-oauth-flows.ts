import { Migration } from "@mikro-orm/migrations";

export class OAuthFlows extends Migration {
  override up(): void {
    this.addSql(`
      create table "oauth_flows" (
        "id" uuid not null,
        "user_id" varchar(255) not null,
        "provider" varchar(64) not null,
        "kind" varchar(16) not null,
        "state_hash" bytea not null,
        "binding_hash" bytea null,
        "secrets" bytea not null,
        "redirect_uri" text null,
        "scopes" text[] not null,
        "label" varchar(80) not null,
        "user_code" varchar(64) null,
        "verification_uri" text null,
        "poll_interval" int null,
        "next_poll_at" timestamptz(3) null,
        "status" varchar(16) not null,
        "error_code" varchar(64) null,
        "error_message" text null,
        "credential_id" uuid null,
        "expires_at" timestamptz(3) not null,
        "created_at" timestamptz(3) not null,
        "updated_at" timestamptz(3) not null,
        primary key ("id")
      )`);
    this.addSql(`
      alter table "oauth_flows" add constraint "oauth_flows_state_hash_unique" unique ("state_hash")`);
    this.addSql(`create index "oauth_flows_user_id_index" on "oauth_flows" ("user_id", "created_at")`);
    this.addSql(`create index "oauth_flows_next_poll_at_index" on "oauth_flows" ("next_poll_at")`);
    this.addSql(`create index "oauth_flows_expires_at_index" on "oauth_flows" ("expires_at")`);
  }

  override down(): void {
    this.addSql(`drop table "oauth_flows"`);
  }
}
