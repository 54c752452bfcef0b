CREATE TABLE "contract_book" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"cut_from" integer NOT NULL,
	"cut_to" integer,
	"contract_id" uuid NOT NULL,
	"price_book_id" uuid NOT NULL,
	"negotiated_for" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "price_book" ADD COLUMN "negotiated_for" text;--> statement-breakpoint
ALTER TABLE "contract_book" ADD CONSTRAINT "contract_book_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contract_book" ADD CONSTRAINT "contract_book_contract_id_contract_id_fk" FOREIGN KEY ("contract_id") REFERENCES "public"."contract"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contract_book" ADD CONSTRAINT "contract_book_price_book_id_price_book_id_fk" FOREIGN KEY ("price_book_id") REFERENCES "public"."price_book"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "contract_book_contract_id_index" ON "contract_book" USING btree ("contract_id");--> statement-breakpoint
CREATE INDEX "contract_book_price_book_id_index" ON "contract_book" USING btree ("price_book_id");--> statement-breakpoint
CREATE INDEX "contract_book_account_id_index" ON "contract_book" USING btree ("account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "price_book_one_default" ON "price_book" USING btree ("legal_entity_id","currency") WHERE "price_book"."is_default";--> statement-breakpoint
alter table price_book add constraint price_book_negotiated check (negotiated_for is null or negotiated_for in ('customer', 'group') and not is_default);
--> statement-breakpoint
-- Of each kind one book holds at a time: what is looked up is never a choice.
alter table contract_book
  add constraint contract_book_negotiated check (negotiated_for in ('customer', 'group')),
  add constraint contract_book_not_empty check (valid_to is null or valid_from < valid_to),
  add constraint contract_book_no_overlap exclude using gist (contract_id with =, negotiated_for with =, tstzrange(valid_from, valid_to) with &&) where (cut_to is null);
--> statement-breakpoint
-- No tenant has any right on what was negotiated with others; his own prices stand on his bills.
alter table contract_book enable row level security;
--> statement-breakpoint
alter table contract_book force row level security;
--> statement-breakpoint
do $$ begin
  execute format('create policy installation on contract_book to atalaya_staff, atalaya_work, %I using (true) with check (true)', current_user);
end $$;
