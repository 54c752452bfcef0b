CREATE TABLE "account_tree" (
	"ancestor_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"depth" integer NOT NULL,
	CONSTRAINT "account_tree_ancestor_id_account_id_pk" PRIMARY KEY("ancestor_id","account_id")
);
--> statement-breakpoint
ALTER TABLE "account" ADD COLUMN "parent_id" uuid;--> statement-breakpoint
ALTER TABLE "credential" ADD COLUMN "account_id" uuid;--> statement-breakpoint
ALTER TABLE "account_tree" ADD CONSTRAINT "account_tree_ancestor_id_account_id_fk" FOREIGN KEY ("ancestor_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_tree" ADD CONSTRAINT "account_tree_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_tree_account_id_index" ON "account_tree" USING btree ("account_id");--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_parent_id_account_id_fk" FOREIGN KEY ("parent_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credential" ADD CONSTRAINT "credential_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credential_account_id_index" ON "credential" USING btree ("account_id");--> statement-breakpoint
insert into account_tree (ancestor_id, account_id, depth) select id, id, 0 from account;
--> statement-breakpoint
-- The accounts that one who acts for this account reaches: itself and those below it.
create function reach(ancestor uuid) returns setof uuid language sql stable as $$
  select account_id from account_tree where ancestor_id = $1
$$;
--> statement-breakpoint
-- The account that a tenant's transaction acts for; null where none was set.
create function acting_account() returns uuid language sql stable as $$
  select nullif(current_setting('app.account_id', true), '')::uuid
$$;
--> statement-breakpoint
-- What it reaches, as an array: a policy evaluates it once a query.
create function reached() returns uuid[] language sql stable as $$
  select array(select account_id from account_tree where ancestor_id = acting_account())
$$;
--> statement-breakpoint
-- Who runs the installation may do through the API what it could do until now; tenants begin with nothing.
grant usage on schema public to atalaya_staff;
--> statement-breakpoint
do $$
declare name text; privilege text;
begin
  for name in select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') loop
    foreach privilege in array array['select', 'insert', 'update', 'delete'] loop
      if has_table_privilege('atalaya_api', format('public.%I', name), privilege) then
        execute format('grant %s on public.%I to atalaya_staff', privilege, name);
      end if;
    end loop;
    execute format('revoke all on public.%I from atalaya_api', name);
  end loop;
end $$;
--> statement-breakpoint
alter default privileges in schema public revoke select, insert, update, delete on tables from atalaya_api;
--> statement-breakpoint
alter default privileges in schema public grant select, insert, update, delete on tables to atalaya_staff;
--> statement-breakpoint
-- Where a tenant's connection sees anything, the rows are fenced; of the other tables it sees nothing, for want of any right.
do $$
declare name text;
begin
  foreach name in array array['account', 'account_tree', 'installation', 'legal_entity', 'contract', 'project', 'service', 'invoice',
    'invoice_line', 'invoice_document', 'gap_acceptance', 'usage_status', 'assignment', 'resource', 'event', 'credential', 'enrolment', 'source'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy installation on %I to atalaya_staff, atalaya_work, %I using (true) with check (true)', name, current_user);
  end loop;
end $$;
--> statement-breakpoint
-- Tables of accounts: a tenant's connection sees the rows of those that it reaches, and none while no account is set.
do $$
declare name text;
begin
  foreach name in array array['project', 'service', 'invoice', 'invoice_line', 'invoice_document', 'gap_acceptance',
    'usage_status', 'assignment', 'resource', 'event', 'credential', 'enrolment', 'source'] loop
    execute format('create policy account on %I to atalaya_api using (account_id = any((select reached())::uuid[])) with check (account_id = any((select reached())::uuid[]))', name);
  end loop;
end $$;
--> statement-breakpoint
create policy account on account to atalaya_api using (id = any((select reached())::uuid[])) with check (id = any((select reached())::uuid[]));
--> statement-breakpoint
create policy account on contract to atalaya_api using (account_id = any((select reached())::uuid[]) and side = 'sale') with check (false);
--> statement-breakpoint
create policy account on account_tree to atalaya_api using (ancestor_id = (select acting_account())) with check (false);
--> statement-breakpoint
create policy seller on legal_entity to atalaya_api using (id in (select legal_entity_id from account)) with check (false);
--> statement-breakpoint
create policy account on installation to atalaya_api using ((select acting_account()) is not null) with check (false);
--> statement-breakpoint
grant usage on schema public to atalaya_api;
--> statement-breakpoint
grant select on installation, legal_entity, account, account_tree, project, contract, service, resource, assignment, invoice, invoice_line, event, credential to atalaya_api;
--> statement-breakpoint
grant insert on event, credential to atalaya_api;
--> statement-breakpoint
grant update (name, address, tax_id, email, zone, language) on account to atalaya_api;
--> statement-breakpoint
grant update (revoked_at) on credential to atalaya_api;
--> statement-breakpoint
alter table credential drop constraint credential_role,
  add constraint credential_role check (role in ('owner', 'administrator', 'operator', 'finance', 'support', 'read_only')
    or (role in ('tenant_owner', 'tenant_member', 'tenant_billing', 'tenant_read_only') and account_id is not null)),
  add constraint credential_of_installation check (account_id is null or role like 'tenant\_%');
