-- Every record of what was done lies in a chain of seals that only grows.
CREATE TABLE "audit_head" (
	"id" integer PRIMARY KEY NOT NULL,
	"number" bigint NOT NULL,
	"last_number" bigint NOT NULL,
	"hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_seal" (
	"number" bigint PRIMARY KEY NOT NULL,
	"first_number" bigint NOT NULL,
	"last_number" bigint NOT NULL,
	"count" integer NOT NULL,
	"entries" "bytea" NOT NULL,
	"previous_hash" text NOT NULL,
	"hash" text NOT NULL,
	"sealed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE INDEX "event_account_id_occurred_at_index" ON "event" USING btree ("account_id","occurred_at");--> statement-breakpoint
alter table audit_head
  add constraint audit_head_is_one check (id = 1);
--> statement-breakpoint
create function refuse_seal_change() returns trigger language plpgsql as $$
begin
  raise exception 'seals are append-only: % of % is refused', lower(tg_op), tg_table_name using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
create function refuse_step_back() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and new.id = old.id and new.number = old.number + 1 and new.last_number > old.last_number then
    return new;
  end if;
  raise exception 'the chain of seals only moves on: % of % is refused', lower(tg_op), tg_table_name
    using errcode = 'restrict_violation';
end $$;
--> statement-breakpoint
create trigger audit_seal_is_append_only before update or delete or truncate on audit_seal for each statement execute function refuse_seal_change();
--> statement-breakpoint
create trigger audit_head_moves_on before update or delete on audit_head for each row execute function refuse_step_back();
--> statement-breakpoint
create trigger audit_head_is_kept before truncate on audit_head for each statement execute function refuse_seal_change();
--> statement-breakpoint
-- In every session, also where session_replication_role says otherwise.
alter table audit_seal enable always trigger audit_seal_is_append_only;
--> statement-breakpoint
alter table audit_head enable always trigger audit_head_moves_on, enable always trigger audit_head_is_kept;
--> statement-breakpoint
alter table event enable always trigger event_is_append_only, enable always trigger event_is_kept;
--> statement-breakpoint
-- The dispatcher gives numbers, and the sealer seals; nobody else has anything to change here.
revoke update, delete on event from atalaya_api, atalaya_work;
--> statement-breakpoint
grant update (number) on event to atalaya_work;
--> statement-breakpoint
revoke insert, update, delete on audit_seal, audit_head from atalaya_api;
--> statement-breakpoint
revoke update, delete on audit_seal from atalaya_work;
--> statement-breakpoint
revoke delete on audit_head from atalaya_work;
