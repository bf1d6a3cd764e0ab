import { Migration } from "@mikro-orm/migrations";

export class KeyRotation extends Migration {
  override up(): void {
    this.addSql(`
      create table "server_processes" (
        "id" uuid not null,
        "name" varchar(255) not null,
        "key_ids" jsonb not null,
        "kek_ids" jsonb not null,
        "sealing_key_id" int not null,
        "started_at" timestamptz(3) not null,
        "seen_at" timestamptz(3) not null,
        primary key ("id"))`);
    this.addSql(`
      alter table "encryption_keys"
        add column "activated_at" timestamptz(3) null,
        add column "resealed_at" timestamptz(3) null`);
    this.addSql(`alter table "audit_log" add column "key_id" int null`);
  }

  override down(): void {
    this.addSql(`alter table "audit_log" drop column "key_id"`);
    this.addSql(`alter table "encryption_keys" drop column "activated_at", drop column "resealed_at"`);
    this.addSql(`drop table "server_processes"`);
  }
}
