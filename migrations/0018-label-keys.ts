import { Migration } from "@mikro-orm/migrations";

/**
 * Rows of one user, provider and method whose labels are canonically equivalent: all but the oldest are to have another
 * label. The same label goes on naming the oldest.
 */
const renamed = `
  select id, user_id, provider, auth_method, label, left(label, 69) || ' (' || left(id::text, 8) || ')' as new_label
    from (
      select *, row_number() over (
          partition by user_id, provider, auth_method, normalize(label, nfc) order by created_at, id
        ) as place
        from provider_credentials
    ) ranked
    where place > 1`;

/** Labels are compared in NFC. A generated column, so that servers of the version before can still write rows. */
export class LabelKeys extends Migration {
  override up(): void {
    // What sessions have chosen stays what they use.
    this.addSql(`
      update "session_providers" s set "label" = r.new_label from (${renamed}) r
        where s.user_id = r.user_id and s.provider = r.provider and s.auth_method = r.auth_method
          and s.label = r.label and s.source = 'stored'`);
    this.addSql(`update "provider_credentials" c set "label" = r.new_label from (${renamed}) r where c.id = r.id`);
    this.addSql(`
      alter table "provider_credentials"
        add column "label_key" text not null generated always as (normalize(label, nfc)) stored`);
    this.addSql(`alter table "provider_credentials" drop constraint "provider_credentials_owner_unique"`);
    this.addSql(`
      alter table "provider_credentials" add constraint "provider_credentials_owner_unique"
        unique ("user_id", "provider", "auth_method", "label_key")`);
  }

  override down(): void {
    this.addSql(`alter table "provider_credentials" drop constraint "provider_credentials_owner_unique"`);
    this.addSql(`alter table "provider_credentials" drop column "label_key"`);
    this.addSql(`
      alter table "provider_credentials" add constraint "provider_credentials_owner_unique"
        unique ("user_id", "provider", "auth_method", "label")`);
  }
}
