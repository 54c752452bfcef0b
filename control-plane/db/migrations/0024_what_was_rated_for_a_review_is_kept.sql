CREATE TABLE "period_close_rated" (
	"close_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"content" "bytea" NOT NULL,
	CONSTRAINT "period_close_rated_close_id_account_id_pk" PRIMARY KEY("close_id","account_id")
);
--> statement-breakpoint
ALTER TABLE "period_close_rated" ADD CONSTRAINT "period_close_rated_account_fk" FOREIGN KEY ("close_id","account_id") REFERENCES "public"."period_close_account"("close_id","account_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
-- No tenant has any right on what his seller reviews.
alter table period_close_rated enable row level security;
--> statement-breakpoint
alter table period_close_rated force row level security;
--> statement-breakpoint
do $$ begin
  execute format('create policy installation on period_close_rated to atalaya_staff, atalaya_work, %I using (true) with check (true)', current_user);
end $$;
