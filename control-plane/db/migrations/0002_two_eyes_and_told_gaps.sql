CREATE TABLE "dirty_cover" (
	"resource_id" uuid PRIMARY KEY NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"marked_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "proof" (
	"resource_id" uuid NOT NULL,
	"key" text NOT NULL,
	CONSTRAINT "proof_resource_id_key_pk" PRIMARY KEY("resource_id","key")
);
--> statement-breakpoint
CREATE TABLE "same_as" (
	"id" uuid PRIMARY KEY NOT NULL,
	"resource_id" uuid NOT NULL,
	"billed_id" uuid NOT NULL,
	"evidence" text NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone,
	"held_from" timestamp (3) with time zone,
	"cut_from" integer NOT NULL,
	"cut_to" integer,
	"stored_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "same_as_decision" (
	"id" uuid PRIMARY KEY NOT NULL,
	"a_id" uuid NOT NULL,
	"b_id" uuid NOT NULL,
	"same" boolean NOT NULL,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"withdrawn_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "gap_acceptance" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"resource_id" uuid NOT NULL,
	"meter" text NOT NULL,
	"from_at" timestamp (3) with time zone NOT NULL,
	"to_at" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"cut" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "invoice_document" ADD COLUMN "binding" text;--> statement-breakpoint
ALTER TABLE "price_version" ADD COLUMN "gap_policy" text DEFAULT 'infer' NOT NULL;--> statement-breakpoint
ALTER TABLE "resource" ADD COLUMN "covered_by" uuid;--> statement-breakpoint
ALTER TABLE "proof" ADD CONSTRAINT "proof_resource_id_resource_id_fk" FOREIGN KEY ("resource_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "same_as" ADD CONSTRAINT "same_as_resource_id_resource_id_fk" FOREIGN KEY ("resource_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "same_as" ADD CONSTRAINT "same_as_billed_id_resource_id_fk" FOREIGN KEY ("billed_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "same_as_decision" ADD CONSTRAINT "same_as_decision_a_id_resource_id_fk" FOREIGN KEY ("a_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "same_as_decision" ADD CONSTRAINT "same_as_decision_b_id_resource_id_fk" FOREIGN KEY ("b_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "dirty_cover_marked_at_index" ON "dirty_cover" USING btree ("marked_at");--> statement-breakpoint
CREATE INDEX "proof_key_index" ON "proof" USING btree ("key");--> statement-breakpoint
CREATE INDEX "same_as_resource_id_valid_from_index" ON "same_as" USING btree ("resource_id","valid_from");--> statement-breakpoint
CREATE INDEX "same_as_billed_id_index" ON "same_as" USING btree ("billed_id");--> statement-breakpoint
CREATE INDEX "same_as_decision_a_id_index" ON "same_as_decision" USING btree ("a_id");--> statement-breakpoint
CREATE INDEX "same_as_decision_b_id_index" ON "same_as_decision" USING btree ("b_id");--> statement-breakpoint
CREATE INDEX "gap_acceptance_account_id_resource_id_index" ON "gap_acceptance" USING btree ("account_id","resource_id");--> statement-breakpoint
CREATE INDEX "resource_covered_by_index" ON "resource" USING btree ("covered_by");--> statement-breakpoint
-- What a counter grew by over a gap is known at its end, unless a price says otherwise.
update price_version set gap_policy = 'total' where per = 'quantity';
--> statement-breakpoint
alter table same_as
  add constraint same_as_not_empty check (valid_to is null or valid_from < valid_to),
  add constraint same_as_not_itself check (resource_id <> billed_id),
  add constraint same_as_no_overlap exclude using gist (resource_id with =, tstzrange(valid_from, valid_to) with &&) where (cut_to is null);
--> statement-breakpoint
create index same_as_held on same_as (resource_id) where cut_to is null and held_from is not null;
--> statement-breakpoint
create unique index same_as_decision_live on same_as_decision (a_id, b_id) where withdrawn_at is null;
--> statement-breakpoint
alter table gap_acceptance add constraint gap_acceptance_not_empty check (to_at is null or from_at < to_at);
--> statement-breakpoint
revoke insert, update, delete on proof, same_as, dirty_cover from atalaya_api;
--> statement-breakpoint
-- The eyes on one machine are found when its timeline settles.
insert into dirty_resource (resource_id, since, marked_at)
  select id, coalesce(first_seen_at, created_at), date_trunc('milliseconds', now()) from resource
  where kind in ('host', 'vm', 'container', 'node') and first_seen_at is not null
  on conflict do nothing;
