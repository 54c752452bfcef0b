ALTER TABLE "credential" ADD COLUMN "project_ids" uuid[];--> statement-breakpoint
ALTER TABLE "installation" ADD COLUMN "staff_idle_hours" integer DEFAULT 12 NOT NULL;--> statement-breakpoint
ALTER TABLE "installation" ADD COLUMN "tenant_idle_hours" integer DEFAULT 168 NOT NULL;--> statement-breakpoint
ALTER TABLE "legal_entity" ADD COLUMN "branding" jsonb DEFAULT '{"colour":null,"footer":{"en":"","es":""},"bank":null}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "legal_entity" ADD COLUMN "logo" jsonb;--> statement-breakpoint
ALTER TABLE "project" ADD COLUMN "closed_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "invitation" ADD COLUMN "project_ids" uuid[];--> statement-breakpoint
ALTER TABLE "membership" ADD COLUMN "project_ids" uuid[];--> statement-breakpoint
create unique index project_name on project (account_id, lower(name)) where closed_at is null;
--> statement-breakpoint
alter table installation add constraint installation_idle check (staff_idle_hours between 1 and 168 and tenant_idle_hours between 1 and 168);
--> statement-breakpoint
-- Narrowed is only who acts for one account, and never to nothing: that would be read as everything somewhere.
do $$
declare name text;
begin
  foreach name in array array['credential', 'membership', 'invitation'] loop
    execute format('alter table %1$I add constraint %1$s_narrowed check (project_ids is null or (account_id is not null and cardinality(project_ids) > 0))', name);
  end loop;
end $$;
--> statement-breakpoint
-- The projects to which a tenant's transaction is narrowed; null: all of its account.
create function acting_projects() returns uuid[] language sql stable as $$
  select nullif(current_setting('app.project_ids', true), '')::uuid[]
$$;
--> statement-breakpoint
-- Projects are of one account: who is narrowed to some reaches none below it.
create or replace function reached() returns uuid[] language sql stable as $$
  select array(select account_id from account_tree where ancestor_id = acting_account() and (acting_projects() is null or depth = 0))
$$;
--> statement-breakpoint
-- Whether this is a resource that lay in one of the projects at that instant.
create function in_projects(kind text, id text, at timestamptz, projects uuid[]) returns boolean language sql stable as $$
  select exists (select from assignment a where a.resource_id = (case when $1 = 'resource' then $2 end)::uuid and a.cut_to is null
    and a.project_id = any($4) and tstzrange(a.valid_from, a.valid_to) @> $3)
$$;
--> statement-breakpoint
-- What is in a project: beside the account's policy, and never without it.
create policy project on resource as restrictive to atalaya_api
  using ((select acting_projects()) is null or project_id = any((select acting_projects())::uuid[]));
--> statement-breakpoint
create policy project on assignment as restrictive to atalaya_api
  using ((select acting_projects()) is null or project_id = any((select acting_projects())::uuid[]));
--> statement-breakpoint
create policy project on project as restrictive to atalaya_api
  using ((select acting_projects()) is null or id = any((select acting_projects())::uuid[]));
--> statement-breakpoint
create policy project on event as restrictive for select to atalaya_api
  using ((select acting_projects()) is null or in_projects(subject_kind, subject_id, occurred_at, (select acting_projects())::uuid[]));
--> statement-breakpoint
create policy project on account_tree as restrictive to atalaya_api using ((select acting_projects()) is null or depth = 0);
--> statement-breakpoint
do $$
declare name text;
begin
  -- of people and keys, those that see no more
  foreach name in array array['credential', 'membership', 'invitation'] loop
    execute format('create policy project on %I as restrictive to atalaya_api using ((select acting_projects()) is null or project_ids <@ (select acting_projects())::uuid[])', name);
  end loop;
  -- what is of the whole account is no project's
  foreach name in array array['contract', 'service', 'invoice', 'invoice_line', 'invoice_document', 'gap_acceptance', 'usage_status', 'enrolment', 'source'] loop
    execute format('create policy project on %I as restrictive to atalaya_api using ((select acting_projects()) is null)', name);
  end loop;
end $$;
--> statement-breakpoint
-- Whoever may change an account keeps its projects.
grant insert on project to atalaya_api;
--> statement-breakpoint
grant update (name, closed_at) on project to atalaya_api;
--> statement-breakpoint
grant update (project_ids) on membership to atalaya_api;
