CREATE TABLE "price_change" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"state" text NOT NULL,
	"reason" text NOT NULL,
	"effective_at" timestamp (3) with time zone NOT NULL,
	"currency" text NOT NULL,
	"recalculation" jsonb,
	"undoes_id" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" text NOT NULL,
	"decided_at" timestamp (3) with time zone,
	"decided_by" text
);
--> statement-breakpoint
CREATE TABLE "price_change_entry" (
	"id" uuid PRIMARY KEY NOT NULL,
	"change_id" uuid NOT NULL,
	"price_book_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"meter" text NOT NULL,
	"before" jsonb,
	"after" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "what_if" (
	"id" uuid PRIMARY KEY NOT NULL,
	"change_id" uuid NOT NULL,
	"legal_entity_id" uuid NOT NULL,
	"currency" text NOT NULL,
	"months" jsonb NOT NULL,
	"within_from" timestamp (3) with time zone NOT NULL,
	"within_to" timestamp (3) with time zone NOT NULL,
	"prices" jsonb NOT NULL,
	"state" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"started_by" text NOT NULL,
	"done_at" timestamp (3) with time zone,
	"result" jsonb
);
--> statement-breakpoint
CREATE TABLE "what_if_account" (
	"what_if_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"account_name" text NOT NULL,
	"state" text NOT NULL,
	"before_minor" bigint NOT NULL,
	"after_minor" bigint NOT NULL,
	"invoices" integer NOT NULL,
	"figures" jsonb NOT NULL,
	"marks" jsonb NOT NULL,
	"problem" text,
	CONSTRAINT "what_if_account_what_if_id_account_id_pk" PRIMARY KEY("what_if_id","account_id")
);
--> statement-breakpoint
ALTER TABLE "price_change" ADD CONSTRAINT "price_change_undoes_id_price_change_id_fk" FOREIGN KEY ("undoes_id") REFERENCES "public"."price_change"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_change_entry" ADD CONSTRAINT "price_change_entry_change_id_price_change_id_fk" FOREIGN KEY ("change_id") REFERENCES "public"."price_change"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_change_entry" ADD CONSTRAINT "price_change_entry_price_book_id_price_book_id_fk" FOREIGN KEY ("price_book_id") REFERENCES "public"."price_book"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "what_if" ADD CONSTRAINT "what_if_change_id_price_change_id_fk" FOREIGN KEY ("change_id") REFERENCES "public"."price_change"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "what_if" ADD CONSTRAINT "what_if_legal_entity_id_legal_entity_id_fk" FOREIGN KEY ("legal_entity_id") REFERENCES "public"."legal_entity"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "what_if_account" ADD CONSTRAINT "what_if_account_what_if_id_what_if_id_fk" FOREIGN KEY ("what_if_id") REFERENCES "public"."what_if"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "what_if_account" ADD CONSTRAINT "what_if_account_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "price_change_state_created_at_index" ON "price_change" USING btree ("state","created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "price_change_undoes_id_index" ON "price_change" USING btree ("undoes_id");--> statement-breakpoint
CREATE UNIQUE INDEX "price_change_entry_change_id_price_book_id_kind_meter_index" ON "price_change_entry" USING btree ("change_id","price_book_id","kind","meter");--> statement-breakpoint
CREATE INDEX "what_if_state_index" ON "what_if" USING btree ("state");--> statement-breakpoint
CREATE INDEX "what_if_change_id_index" ON "what_if" USING btree ("change_id");--> statement-breakpoint
CREATE INDEX "what_if_account_what_if_id_state_index" ON "what_if_account" USING btree ("what_if_id","state");--> statement-breakpoint
CREATE INDEX "what_if_account_account_id_index" ON "what_if_account" USING btree ("account_id");--> statement-breakpoint
alter table price_change
  add constraint price_change_state check (state in ('draft', 'published', 'discarded')),
  add constraint price_change_decided check ((state = 'draft') = (decided_at is null) and (decided_at is null) = (decided_by is null));
--> statement-breakpoint
alter table what_if add constraint what_if_state check (state in ('running', 'done', 'cancelled') and (state = 'done') = (result is not null));
--> statement-breakpoint
alter table what_if_account add constraint what_if_account_state check (state in ('waiting', 'done', 'failed'));
--> statement-breakpoint
-- No tenant has any right on what his seller thinks of.
alter table what_if_account enable row level security;
--> statement-breakpoint
alter table what_if_account force row level security;
--> statement-breakpoint
do $$ begin
  execute format('create policy installation on what_if_account to atalaya_staff, atalaya_work, %I using (true) with check (true)', current_user);
end $$;
