import { Migration } from "@mikro-orm/migrations";

export class TokenLifetime extends Migration {
  override up(): void {
    this.addSql(`alter table "provider_credentials" add column "lifetime" int null`);
    // The token has come at the later of these two, or a little before.
    this.addSql(`
      update "provider_credentials" set
        "lifetime" = extract(epoch from "expires_at" - greatest("last_refreshed_at", "status_since"))
      where "auth_method" = 'oauth' and "expires_at" > greatest("last_refreshed_at", "status_since")
        and "expires_at" < "status_since" + interval '10 years'`);
  }

  override down(): void {
    this.addSql(`alter table "provider_credentials" drop column "lifetime"`);
  }
}
