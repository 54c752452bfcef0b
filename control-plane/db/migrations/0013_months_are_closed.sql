CREATE TABLE "period_close" (
	"id" uuid PRIMARY KEY NOT NULL,
	"legal_entity_id" uuid NOT NULL,
	"month" text NOT NULL,
	"state" text NOT NULL,
	"currency" text NOT NULL,
	"cut" integer,
	"cut_closed_at" timestamp (3) with time zone,
	"grace_ends_at" timestamp (3) with time zone NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"opened_by" text NOT NULL,
	"closed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "period_close_account" (
	"close_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"account_name" text NOT NULL,
	"state" text NOT NULL,
	"flags" jsonb NOT NULL,
	"period_from" timestamp (3) with time zone,
	"period_to" timestamp (3) with time zone,
	"net_minor" bigint,
	"tax_minor" bigint,
	"total_minor" bigint,
	"usual_minor" bigint,
	"line_count" integer NOT NULL,
	"reason" text NOT NULL,
	"problem" jsonb,
	"invoices" jsonb NOT NULL,
	CONSTRAINT "period_close_account_close_id_account_id_pk" PRIMARY KEY("close_id","account_id")
);
--> statement-breakpoint
ALTER TABLE "period_close" ADD CONSTRAINT "period_close_legal_entity_id_legal_entity_id_fk" FOREIGN KEY ("legal_entity_id") REFERENCES "public"."legal_entity"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "period_close_account" ADD CONSTRAINT "period_close_account_close_id_period_close_id_fk" FOREIGN KEY ("close_id") REFERENCES "public"."period_close"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "period_close_account" ADD CONSTRAINT "period_close_account_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "period_close_state_index" ON "period_close" USING btree ("state");--> statement-breakpoint
CREATE INDEX "period_close_account_close_id_state_index" ON "period_close_account" USING btree ("close_id","state");--> statement-breakpoint
CREATE INDEX "period_close_account_account_id_index" ON "period_close_account" USING btree ("account_id");--> statement-breakpoint
-- A month of a company is closed once; one that was given up leaves room for another.
create unique index period_close_once on period_close (legal_entity_id, month) where state <> 'cancelled';
--> statement-breakpoint
alter table period_close add constraint period_close_state check (state in ('preparing', 'review', 'finalising', 'closed', 'cancelled'));
--> statement-breakpoint
alter table period_close_account add constraint period_close_account_state check (state in ('waiting', 'ready', 'held', 'nothing', 'issued', 'parked'));
--> statement-breakpoint
-- No tenant has any right on what his seller reviews.
alter table period_close_account enable row level security;
--> statement-breakpoint
alter table period_close_account force row level security;
--> statement-breakpoint
do $$ begin
  execute format('create policy installation on period_close_account to atalaya_staff, atalaya_work, %I using (true) with check (true)', current_user);
end $$;
