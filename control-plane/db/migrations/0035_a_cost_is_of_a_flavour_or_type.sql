ALTER TABLE "price_version" ADD COLUMN "applies_to" jsonb;--> statement-breakpoint
-- of one component in a cost book each flavour or type has versions of its own; all others have none of it, as before
alter table price_version drop constraint price_version_no_overlap;
--> statement-breakpoint
alter table price_version
  add constraint price_version_no_overlap exclude using gist (price_book_id with =, kind with =, meter with =, (coalesce(applies_to::text, '')) with =, tstzrange(effective_at, ends_at) with &&) where (cut_to is null),
  add constraint price_version_applies_to check (applies_to is null or coalesce(jsonb_typeof(applies_to->'attribute') = 'string' and jsonb_typeof(applies_to->'equals') = 'string', false));
