CREATE TABLE "bill_standing" (
	"account_id" uuid PRIMARY KEY NOT NULL,
	"currency" text,
	"period_from" timestamp (3) with time zone,
	"period_to" timestamp (3) with time zone,
	"net_minor" bigint,
	"tax_minor" bigint,
	"total_minor" bigint,
	"rated_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "limit_standing" (
	"account_id" uuid NOT NULL,
	"key" text NOT NULL,
	"kind" text NOT NULL,
	"limit_id" uuid,
	"resource_id" uuid,
	"meter" text,
	"unit" text NOT NULL,
	"month" text NOT NULL,
	"state" text NOT NULL,
	"used" text NOT NULL,
	"limit_amount" text NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"to_tell" text,
	CONSTRAINT "limit_standing_account_id_key_pk" PRIMARY KEY("account_id","key")
);
--> statement-breakpoint
CREATE TABLE "usage_limit" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"resource_id" uuid,
	"meter" text,
	"unit" text,
	"amount" text NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "usage_limit_account_id_resource_id_meter_unique" UNIQUE NULLS NOT DISTINCT("account_id","resource_id","meter")
);
--> statement-breakpoint
ALTER TABLE "bill_standing" ADD CONSTRAINT "bill_standing_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "limit_standing" ADD CONSTRAINT "limit_standing_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "limit_standing" ADD CONSTRAINT "limit_standing_limit_id_usage_limit_id_fk" FOREIGN KEY ("limit_id") REFERENCES "public"."usage_limit"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_limit" ADD CONSTRAINT "usage_limit_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "usage_limit" ADD CONSTRAINT "usage_limit_resource_id_resource_id_fk" FOREIGN KEY ("resource_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "bill_standing_rated_at_index" ON "bill_standing" USING btree ("rated_at");--> statement-breakpoint
CREATE INDEX "limit_standing_resource_id_index" ON "limit_standing" USING btree ("resource_id");--> statement-breakpoint
CREATE INDEX "limit_standing_to_tell_index" ON "limit_standing" USING btree ("to_tell");
--> statement-breakpoint
-- Each account's own; of one who is narrowed to projects nothing, as bills are of the whole account.
do $$
declare name text;
begin
  foreach name in array array['bill_standing', 'limit_standing', 'usage_limit'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy installation on %I to atalaya_staff, atalaya_work, %I using (true) with check (true)', name, current_user);
    execute format('create policy account on %I to atalaya_api using (account_id = any((select reached())::uuid[])) with check (account_id = any((select reached())::uuid[]))', name);
    execute format('create policy project on %I as restrictive to atalaya_api using ((select acting_projects()) is null)', name);
  end loop;
end $$;
--> statement-breakpoint
grant select on bill_standing, limit_standing, usage_limit to atalaya_api;
--> statement-breakpoint
grant insert, delete on usage_limit to atalaya_api;
--> statement-breakpoint
grant update (amount, unit, changed_at) on usage_limit to atalaya_api;
--> statement-breakpoint
alter table usage_limit add constraint usage_limit_whole
  check ((resource_id is null) = (meter is null) and (resource_id is null) = (unit is null)),
  add constraint usage_limit_amount check (amount ~ '^[0-9]{1,15}(\.[0-9]{1,6})?$');
--> statement-breakpoint
alter table limit_standing
  add constraint limit_standing_kind check (kind in ('budget', 'limit', 'allowance')),
  add constraint limit_standing_state check (state in ('normal', 'approaching', 'over') and (to_tell is null or to_tell in ('approaching', 'over')));
