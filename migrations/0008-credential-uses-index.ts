import { Migration } from "@mikro-orm/migrations";

export class CredentialUsesIndex extends Migration {
  override up(): void {
    this.addSql(`create index "credential_uses_hour_index" on "credential_uses" ("hour")`);
  }

  override down(): void {
    this.addSql(`drop index "credential_uses_hour_index"`);
  }
}
