import { Migration } from "@mikro-orm/migrations";

export class RateLimits extends Migration {
  override up(): void {
    this.addSql(`
      create table "rate_limits" (
        "key" varchar(80) not null,
        "points" int not null,
        "expires_at" timestamptz(3) not null,
        primary key ("key")
      )`);
    this.addSql(`create index "rate_limits_expires_at_index" on "rate_limits" ("expires_at")`);
  }

  override down(): void {
    this.addSql(`drop table "rate_limits"`);
  }
}
