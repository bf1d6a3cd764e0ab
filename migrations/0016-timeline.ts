import { Migration } from "@mikro-orm/migrations";

export class Timeline extends Migration {
  override up(): void {
    this.addSql(`
      create table "timeline" (
        "only" boolean not null primary key default true check ("only"),
        "id" uuid not null,
        "place" jsonb,
        "made_by" text,
        "begun_at" timestamptz(3) not null,
        "cause" text not null
      )`);
    this.addSql(
      `insert into "timeline" ("id", "begun_at", "cause") values (gen_random_uuid(), clock_timestamp(), 'created')`,
    );
    this.addSql(`alter table "events" add column "mark" bigint not null default '0'`);
    this.addSql(`alter table "user_streams" add column "mark" bigint not null default '0'`);
    this.addSql(`alter table "user_streams" add column "floor_mark" bigint not null default '0'`);
  }

  override down(): void {
    this.addSql(`alter table "user_streams" drop column "floor_mark"`);
    this.addSql(`alter table "user_streams" drop column "mark"`);
    this.addSql(`alter table "events" drop column "mark"`);
    this.addSql(`drop table "timeline"`);
  }
}
