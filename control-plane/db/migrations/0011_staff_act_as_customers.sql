CREATE TABLE "impersonation" (
	"id" uuid PRIMARY KEY NOT NULL,
	"bearer_id" uuid NOT NULL,
	"actor_id" text NOT NULL,
	"actor_name" text NOT NULL,
	"account_id" uuid NOT NULL,
	"role" text NOT NULL,
	"reason" text NOT NULL,
	"began_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "impersonation" ADD CONSTRAINT "impersonation_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "impersonation_bearer_id_index" ON "impersonation" USING btree ("bearer_id");--> statement-breakpoint
CREATE INDEX "impersonation_account_id_index" ON "impersonation" USING btree ("account_id");--> statement-breakpoint
-- One at a time in a session.
create unique index impersonation_once on impersonation (bearer_id) where ended_at is null;
--> statement-breakpoint
alter table impersonation enable row level security;
--> statement-breakpoint
alter table impersonation force row level security;
--> statement-breakpoint
do $$ begin
  execute format('create policy installation on impersonation to atalaya_staff, atalaya_work, %I using (true) with check (true)', current_user);
end $$;
