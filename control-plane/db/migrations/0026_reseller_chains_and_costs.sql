CREATE TABLE "cost_book" (
	"id" uuid PRIMARY KEY NOT NULL,
	"price_book_id" uuid NOT NULL,
	"realm" text,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "legal_entity" ADD COLUMN "reseller_account_id" uuid;--> statement-breakpoint
ALTER TABLE "price_book" ADD COLUMN "side" text DEFAULT 'sale' NOT NULL;--> statement-breakpoint
ALTER TABLE "cost_book" ADD CONSTRAINT "cost_book_price_book_id_price_book_id_fk" FOREIGN KEY ("price_book_id") REFERENCES "public"."price_book"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "cost_book_price_book_id_index" ON "cost_book" USING btree ("price_book_id");--> statement-breakpoint
CREATE INDEX "account_legal_entity_id_index" ON "account" USING btree ("legal_entity_id");--> statement-breakpoint
CREATE INDEX "legal_entity_reseller_account_id_index" ON "legal_entity" USING btree ("reseller_account_id");
--> statement-breakpoint
-- A reseller knows his own companies before anybody buys from them.
create policy own_company on legal_entity to atalaya_api using (reseller_account_id = any((select reached())::uuid[])) with check (false);
--> statement-breakpoint
alter table price_book add constraint price_book_side check (side in ('sale', 'cost'));
--> statement-breakpoint
alter table cost_book
  add constraint cost_book_not_empty check (valid_to is null or valid_from < valid_to),
  add constraint cost_book_no_overlap exclude using gist (coalesce(realm, '') with =, tstzrange(valid_from, valid_to) with &&);
