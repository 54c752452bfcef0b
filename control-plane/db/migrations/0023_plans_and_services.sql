CREATE TABLE "plan" (
	"id" uuid PRIMARY KEY NOT NULL,
	"legal_entity_id" uuid NOT NULL,
	"price_book_id" uuid NOT NULL,
	"name" jsonb NOT NULL,
	"description" jsonb NOT NULL,
	"product_kind" text NOT NULL,
	"trial_days" integer NOT NULL,
	"anchor" text NOT NULL,
	"included_kinds" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"published_at" timestamp (3) with time zone,
	"retired_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "service_resource" (
	"id" uuid PRIMARY KEY NOT NULL,
	"service_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"cut_from" integer NOT NULL,
	"cut_to" integer,
	"resource_id" uuid NOT NULL
);
--> statement-breakpoint
CREATE TABLE "service_version" (
	"id" uuid PRIMARY KEY NOT NULL,
	"service_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"cut_from" integer NOT NULL,
	"cut_to" integer,
	"plan_id" uuid NOT NULL,
	"quantity" integer NOT NULL,
	"prices_as_of" timestamp (3) with time zone,
	"trial_until" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "service" ADD COLUMN "parent_id" uuid;--> statement-breakpoint
ALTER TABLE "plan" ADD CONSTRAINT "plan_legal_entity_id_legal_entity_id_fk" FOREIGN KEY ("legal_entity_id") REFERENCES "public"."legal_entity"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "plan" ADD CONSTRAINT "plan_price_book_id_price_book_id_fk" FOREIGN KEY ("price_book_id") REFERENCES "public"."price_book"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_resource" ADD CONSTRAINT "service_resource_service_id_service_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."service"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_resource" ADD CONSTRAINT "service_resource_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_resource" ADD CONSTRAINT "service_resource_resource_id_resource_id_fk" FOREIGN KEY ("resource_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_version" ADD CONSTRAINT "service_version_service_id_service_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."service"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_version" ADD CONSTRAINT "service_version_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_version" ADD CONSTRAINT "service_version_plan_id_plan_id_fk" FOREIGN KEY ("plan_id") REFERENCES "public"."plan"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "plan_price_book_id_index" ON "plan" USING btree ("price_book_id");--> statement-breakpoint
CREATE INDEX "service_resource_account_id_index" ON "service_resource" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "service_resource_service_id_index" ON "service_resource" USING btree ("service_id");--> statement-breakpoint
CREATE INDEX "service_resource_resource_id_index" ON "service_resource" USING btree ("resource_id");--> statement-breakpoint
CREATE INDEX "service_version_account_id_index" ON "service_version" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "service_version_service_id_index" ON "service_version" USING btree ("service_id");--> statement-breakpoint
ALTER TABLE "service" ADD CONSTRAINT "service_parent_id_service_id_fk" FOREIGN KEY ("parent_id") REFERENCES "public"."service"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "service_account_id_index" ON "service" USING btree ("account_id");--> statement-breakpoint
alter table service
  add constraint service_kind check (kind in ('pay_as_you_go', 'subscription')),
  add constraint service_add_on check (parent_id is null or kind = 'subscription');
--> statement-breakpoint
alter table service_version
  add constraint service_version_not_empty check (valid_to is null or valid_from < valid_to),
  add constraint service_version_quantity check (quantity > 0),
  add constraint service_version_no_overlap exclude using gist (service_id with =, tstzrange(valid_from, valid_to) with &&) where (cut_to is null);
--> statement-breakpoint
-- A resource fulfils one service of its owner at a time.
alter table service_resource
  add constraint service_resource_not_empty check (valid_to is null or valid_from < valid_to),
  add constraint service_resource_no_overlap exclude using gist (account_id with =, resource_id with =, tstzrange(valid_from, valid_to) with &&) where (cut_to is null);
--> statement-breakpoint
do $$
declare name text;
begin
  foreach name in array array['service_version', 'service_resource'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy installation on %I to atalaya_staff, atalaya_work, %I using (true) with check (true)', name, current_user);
    execute format('create policy account on %I to atalaya_api using (account_id = any((select reached())::uuid[])) with check (false)', name);
    execute format('create policy project on %I as restrictive to atalaya_api using ((select acting_projects()) is null)', name);
  end loop;
end $$;
--> statement-breakpoint
grant select on service_version, service_resource to atalaya_api;
