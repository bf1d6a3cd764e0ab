import { Migration } from "@mikro-orm/migrations";

export class AuditLog extends Migration {
  override up(): void {
    // What concerns the whole server, such as its keys, concerns no user.
    this.addSql(`
      alter table "audit_log"
        alter column "user_id" drop not null,
        add column "once" varchar(64) null`);
    this.addSql(`alter table "audit_log" add constraint "audit_log_once_unique" unique ("user_id", "once")`);
    this.addSql(`create index "audit_log_at_index" on "audit_log" ("at", "id")`);
  }

  override down(): void {
    this.addSql(`drop index "audit_log_at_index"`);
    this.addSql(`alter table "audit_log" drop constraint "audit_log_once_unique"`);
    this.addSql(`delete from "audit_log" where "user_id" is null`);
    this.addSql(`alter table "audit_log" alter column "user_id" set not null, drop column "once"`);
  }
}
