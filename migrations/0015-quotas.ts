import { Migration } from "@mikro-orm/migrations";

export class Quotas extends Migration {
  override up(): void {
    this.addSql(`create index "sessions_active_index" on "sessions" ("user_id", "id") where "status" = 'active'`);
    this.addSql(
      `create index "oauth_flows_pending_index" on "oauth_flows" ("user_id", "expires_at") where "status" = 'pending'`,
    );
    this.addSql(`alter table "oauth_flows" add column "may_replace" boolean not null default false`);
  }

  override down(): void {
    this.addSql(`alter table "oauth_flows" drop column "may_replace"`);
    this.addSql(`drop index "oauth_flows_pending_index"`);
    this.addSql(`drop index "sessions_active_index"`);
  }
}
