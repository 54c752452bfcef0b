CREATE TABLE "custom_role" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"of" text NOT NULL,
	"permissions" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" text NOT NULL,
	"ended_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "credential" ADD COLUMN "custom_role_id" uuid;--> statement-breakpoint
ALTER TABLE "invitation" ADD COLUMN "custom_role_id" uuid;--> statement-breakpoint
ALTER TABLE "membership" ADD COLUMN "custom_role_id" uuid;--> statement-breakpoint
ALTER TABLE "credential" ADD CONSTRAINT "credential_custom_role_id_custom_role_id_fk" FOREIGN KEY ("custom_role_id") REFERENCES "public"."custom_role"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invitation" ADD CONSTRAINT "invitation_custom_role_id_custom_role_id_fk" FOREIGN KEY ("custom_role_id") REFERENCES "public"."custom_role"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "membership" ADD CONSTRAINT "membership_custom_role_id_custom_role_id_fk" FOREIGN KEY ("custom_role_id") REFERENCES "public"."custom_role"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credential_custom_role_id_index" ON "credential" USING btree ("custom_role_id");--> statement-breakpoint
CREATE INDEX "invitation_custom_role_id_index" ON "invitation" USING btree ("custom_role_id");--> statement-breakpoint
CREATE INDEX "membership_custom_role_id_index" ON "membership" USING btree ("custom_role_id");--> statement-breakpoint
create unique index custom_role_name on custom_role (lower(name)) where ended_at is null;
--> statement-breakpoint
alter table custom_role add constraint custom_role_of check (of in ('installation', 'account'));
--> statement-breakpoint
-- Beside a custom role the built-in one only says what its bearer reaches.
do $$
declare name text;
begin
  foreach name in array array['credential', 'membership', 'invitation'] loop
    execute format('alter table %1$I add constraint %1$s_carrier check (custom_role_id is null or role in (''read_only'', ''tenant_member''))', name);
  end loop;
end $$;
--> statement-breakpoint
alter table custom_role enable row level security;
--> statement-breakpoint
alter table custom_role force row level security;
--> statement-breakpoint
do $$ begin
  execute format('create policy installation on custom_role to atalaya_staff, atalaya_work, %I using (true) with check (true)', current_user);
end $$;
--> statement-breakpoint
-- A tenant gives those of accounts to his own people and keys; he makes none.
create policy account on custom_role to atalaya_api using (of = 'account' and (select acting_account()) is not null) with check (false);
--> statement-breakpoint
grant select on custom_role to atalaya_api;
--> statement-breakpoint
grant update (custom_role_id) on membership to atalaya_api;
