CREATE TABLE "service_suspension" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"cut_from" integer NOT NULL,
	"cut_to" integer,
	"service_id" uuid NOT NULL,
	"end_actor" text,
	"end_reason" text,
	"end_recorded_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "service_suspension" ADD CONSTRAINT "service_suspension_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service_suspension" ADD CONSTRAINT "service_suspension_service_id_service_id_fk" FOREIGN KEY ("service_id") REFERENCES "public"."service"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "service_suspension_account_id_index" ON "service_suspension" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "service_suspension_service_id_index" ON "service_suspension" USING btree ("service_id");--> statement-breakpoint
-- A service is suspended once at a time; of an end, and of what was taken back, is known who said so, when, and why (which may be nothing).
alter table service_suspension
  add constraint service_suspension_reason check (reason <> ''),
  add constraint service_suspension_not_empty check (valid_to is null or valid_from < valid_to),
  add constraint service_suspension_end check
    (num_nulls(end_actor, end_reason, end_recorded_at) in (0, 3) and (valid_to is null or end_actor is not null)),
  add constraint service_suspension_no_overlap exclude using gist (service_id with =, tstzrange(valid_from, valid_to) with &&) where (cut_to is null);
--> statement-breakpoint
-- No tenant has any right on why others suspended him: that he is, the verbs tell him.
alter table service_suspension enable row level security;
--> statement-breakpoint
alter table service_suspension force row level security;
--> statement-breakpoint
do $$ begin
  execute format('create policy installation on service_suspension to atalaya_staff, atalaya_work, %I using (true) with check (true)', current_user);
end $$;
