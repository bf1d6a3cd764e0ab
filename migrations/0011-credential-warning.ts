import { Migration } from "@mikro-orm/migrations";

export class CredentialWarning extends Migration {
  override up(): void {
    this.addSql(`alter table "provider_credentials" add column "warning" text null`);
  }

  override down(): void {
    this.addSql(`alter table "provider_credentials" drop column "warning"`);
  }
}
