import { Migration } from "@mikro-orm/migrations";

export class Bounds extends Migration {
  override up(): void {
    this.addSql(`
      create index "provider_credentials_preferred_index" on "provider_credentials"
        ("user_id", "provider", "auth_method", ("label" = 'default') desc, "created_at", "id")`);
    this.addSql(`
      alter table "oauth_flows" add column "error_quota" varchar(32) null, add column "error_limit" int null`);
  }

  override down(): void {
    this.addSql(`alter table "oauth_flows" drop column "error_quota", drop column "error_limit"`);
    this.addSql(`drop index "provider_credentials_preferred_index"`);
  }
}
