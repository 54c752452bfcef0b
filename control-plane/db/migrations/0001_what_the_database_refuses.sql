-- What the database itself refuses: overlapping versions, changed documents, a second open cut.
create extension if not exists btree_gist;
--> statement-breakpoint
alter table observed_version
  add constraint observed_version_not_empty check (valid_to is null or valid_from < valid_to),
  add constraint observed_version_no_overlap exclude using gist (resource_id with =, tstzrange(valid_from, valid_to) with &&) where (cut_to is null);
--> statement-breakpoint
alter table assignment
  add constraint assignment_not_empty check (valid_from is null or valid_to is null or valid_from < valid_to),
  add constraint assignment_no_overlap exclude using gist (resource_id with =, tstzrange(valid_from, valid_to) with &&) where (cut_to is null);
--> statement-breakpoint
alter table price_version
  add constraint price_version_not_empty check (ends_at is null or effective_at < ends_at),
  add constraint price_version_not_negative check (amount >= 0),
  add constraint price_version_no_overlap exclude using gist (price_book_id with =, kind with =, meter with =, tstzrange(effective_at, ends_at) with &&) where (cut_to is null);
--> statement-breakpoint
alter table contract
  add constraint contract_no_overlap exclude using gist (account_id with =, legal_entity_id with =, side with =, tstzrange(valid_from, valid_to) with &&);
--> statement-breakpoint
alter table invoice
  add constraint invoice_period_not_empty check (period_from < period_to),
  add constraint invoice_sums check (net_minor + tax_minor = total_minor),
  add constraint invoice_period_once exclude using gist (contract_id with =, tstzrange(period_from, period_to) with &&);
--> statement-breakpoint
create unique index usage_hour_live on usage_hour (resource_id, meter, hour) where cut_to is null;
--> statement-breakpoint
create unique index notice_open on notice (code, subject_id) where closed_at is null;
--> statement-breakpoint
create unique index cut_open on cut ((closed_at is null)) where closed_at is null;
--> statement-breakpoint
create index event_unnumbered on event (occurred_at) where number is null;
--> statement-breakpoint
create index observed_version_live on observed_version (resource_id, valid_from) where cut_to is null;
--> statement-breakpoint
insert into cut (number, opened_at) values (1, date_trunc('milliseconds', now()));
--> statement-breakpoint
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'issued documents never change: % of % is refused', lower(tg_op), tg_table_name
    using errcode = 'restrict_violation', hint = 'correct an invoice by a note';
end $$;
--> statement-breakpoint
do $$
declare frozen text;
begin
  foreach frozen in array array['invoice', 'invoice_line', 'document', 'invoice_document'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_change()', frozen || '_is_frozen', frozen);
    execute format('alter table %I enable always trigger %I', frozen, frozen || '_is_frozen');
  end loop;
end $$;
--> statement-breakpoint
create function refuse_event_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and old.number is null and new.number is not null
     and (to_jsonb(old) - 'number') = (to_jsonb(new) - 'number') then
    return new;
  end if;
  raise exception 'events are append-only: % is refused', lower(tg_op) using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
create trigger event_is_append_only before update or delete on event for each row execute function refuse_event_change();
--> statement-breakpoint
create trigger event_is_kept before truncate on event for each statement execute function refuse_event_change();
--> statement-breakpoint
grant usage on schema public to atalaya_api, atalaya_work;
--> statement-breakpoint
grant select, insert, update, delete on all tables in schema public to atalaya_api, atalaya_work;
--> statement-breakpoint
revoke update, delete on invoice, invoice_line, document, invoice_document from atalaya_api, atalaya_work;
--> statement-breakpoint
revoke insert, update, delete on batch, spool, snapshot, snapshot_part, listing, sighting, reading, usage_hour, observed_version from atalaya_api;
--> statement-breakpoint
alter default privileges in schema public grant select, insert, update, delete on tables to atalaya_api, atalaya_work;
