CREATE TABLE "idempotency_key" (
	"id" "bytea" PRIMARY KEY NOT NULL,
	"account_id" uuid,
	"request_mac" "bytea" NOT NULL,
	"answer" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "idempotency_key_account_id_index" ON "idempotency_key" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "idempotency_key_created_at_index" ON "idempotency_key" USING btree ("created_at");--> statement-breakpoint
alter table idempotency_key enable row level security;
--> statement-breakpoint
alter table idempotency_key force row level security;
--> statement-breakpoint
do $$ begin
  execute format('create policy installation on idempotency_key to atalaya_staff, atalaya_work, %I using (true) with check (true)', current_user);
end $$;
--> statement-breakpoint
-- Of the very account that he acts for: one above it does not answer in its name.
create policy account on idempotency_key to atalaya_api using (account_id = (select acting_account())) with check (account_id = (select acting_account()));
--> statement-breakpoint
-- Nobody changes an answer; who forgets old ones is the background task.
revoke update on idempotency_key from atalaya_staff, atalaya_work;
--> statement-breakpoint
revoke delete on idempotency_key from atalaya_staff;
--> statement-breakpoint
grant select, insert on idempotency_key to atalaya_api;
