import { Migration } from "@mikro-orm/migrations";

export class RefusedRenewals extends Migration {
  override up(): void {
    this.addSql(`
      alter table "provider_credentials"
        add column "refusals" int not null default 0,
        add column "refused_since" timestamptz(3) null,
        add column "refusal_code" varchar(60) null,
        add column "proven_client" text null`);
  }

  override down(): void {
    this.addSql(`
      alter table "provider_credentials"
        drop column "refusals",
        drop column "refused_since",
        drop column "refusal_code",
        drop column "proven_client"`);
  }
}
