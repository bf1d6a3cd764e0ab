import { Migration } from "@mikro-orm/migrations";

export class DevicePollFailures extends Migration {
  override up(): void {
    this.addSql(`alter table "oauth_flows" add column "poll_failures" int not null default 0`);
  }

  override down(): void {
    this.addSql(`alter table "oauth_flows" drop column "poll_failures"`);
  }
}
