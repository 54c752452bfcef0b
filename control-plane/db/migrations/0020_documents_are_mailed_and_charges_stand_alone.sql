CREATE TABLE "charge" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"description" jsonb NOT NULL,
	"quantity" numeric(24, 6) NOT NULL,
	"unit" text NOT NULL,
	"unit_price" numeric(30, 12) NOT NULL,
	"currency" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"project_id" uuid,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"cut" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "charge_billed" (
	"charge_id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"invoice_id" uuid NOT NULL,
	"number" text NOT NULL,
	"billed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "charge_cancellation" (
	"charge_id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"cut" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mail" (
	"id" uuid PRIMARY KEY NOT NULL,
	"subject_kind" text NOT NULL,
	"subject_id" uuid NOT NULL,
	"subject_name" text NOT NULL,
	"account_id" uuid NOT NULL,
	"recipient" text NOT NULL,
	"copy" integer NOT NULL,
	"message_id" text NOT NULL,
	"state" text NOT NULL,
	"attempts" integer NOT NULL,
	"next_at" timestamp (3) with time zone,
	"started_at" timestamp (3) with time zone,
	"handed_at" timestamp (3) with time zone,
	"queued_at" timestamp (3) with time zone NOT NULL,
	"queued_by" text NOT NULL,
	"sent_at" timestamp (3) with time zone,
	"answer" text NOT NULL,
	"reason" text NOT NULL,
	"settled_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "settlement" (
	"invoice_id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"number" text NOT NULL,
	"currency" text NOT NULL,
	"total_minor" bigint NOT NULL,
	"credited_minor" bigint NOT NULL,
	"written_off_minor" bigint NOT NULL,
	"open_minor" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "write_off" (
	"id" uuid PRIMARY KEY NOT NULL,
	"invoice_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"amount_minor" bigint NOT NULL,
	"reason" text NOT NULL,
	"actor" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "write_off_reversal" (
	"write_off_id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"reason" text NOT NULL,
	"actor" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "legal_entity" ADD COLUMN "send_automatically" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "invoice" ADD COLUMN "one_off" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "charge" ADD CONSTRAINT "charge_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charge" ADD CONSTRAINT "charge_contract_id_contract_id_fk" FOREIGN KEY ("contract_id") REFERENCES "public"."contract"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charge" ADD CONSTRAINT "charge_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charge_billed" ADD CONSTRAINT "charge_billed_charge_id_charge_id_fk" FOREIGN KEY ("charge_id") REFERENCES "public"."charge"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "charge_cancellation" ADD CONSTRAINT "charge_cancellation_charge_id_charge_id_fk" FOREIGN KEY ("charge_id") REFERENCES "public"."charge"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "mail" ADD CONSTRAINT "mail_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "settlement" ADD CONSTRAINT "settlement_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "write_off" ADD CONSTRAINT "write_off_invoice_id_settlement_invoice_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."settlement"("invoice_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "write_off_reversal" ADD CONSTRAINT "write_off_reversal_write_off_id_write_off_id_fk" FOREIGN KEY ("write_off_id") REFERENCES "public"."write_off"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "charge_account_id_recorded_at_index" ON "charge" USING btree ("account_id","recorded_at");--> statement-breakpoint
CREATE INDEX "charge_contract_id_index" ON "charge" USING btree ("contract_id");--> statement-breakpoint
CREATE INDEX "charge_billed_invoice_id_index" ON "charge_billed" USING btree ("invoice_id");--> statement-breakpoint
CREATE INDEX "charge_billed_account_id_index" ON "charge_billed" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "charge_cancellation_account_id_index" ON "charge_cancellation" USING btree ("account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "mail_subject_id_recipient_copy_index" ON "mail" USING btree ("subject_id","recipient","copy");--> statement-breakpoint
CREATE UNIQUE INDEX "mail_message_id_index" ON "mail" USING btree ("message_id");--> statement-breakpoint
CREATE INDEX "mail_state_next_at_index" ON "mail" USING btree ("state","next_at");--> statement-breakpoint
CREATE INDEX "mail_account_id_index" ON "mail" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "mail_queued_at_index" ON "mail" USING btree ("queued_at");--> statement-breakpoint
CREATE INDEX "settlement_account_id_index" ON "settlement" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "write_off_invoice_id_index" ON "write_off" USING btree ("invoice_id");--> statement-breakpoint
CREATE INDEX "write_off_account_id_index" ON "write_off" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "write_off_reversal_account_id_index" ON "write_off_reversal" USING btree ("account_id");
--> statement-breakpoint
-- What is billed once has no period of its own among those that never overlap.
alter table invoice drop constraint invoice_period_once;
--> statement-breakpoint
alter table invoice
  add constraint invoice_period_once exclude using gist (contract_id with =, tstzrange(period_from, period_to) with &&) where (document_type = 'invoice' and not one_off),
  add constraint invoice_one_off check (document_type = 'invoice' or not one_off);
--> statement-breakpoint
alter table charge add constraint charge_amounts check (quantity > 0 and unit_price > 0);
--> statement-breakpoint
alter table charge_billed add constraint charge_billed_invoice foreign key (invoice_id) references invoice (id);
--> statement-breakpoint
alter table mail
  add constraint mail_state check (state in ('queued', 'sending', 'sent', 'failed', 'unknown')),
  add constraint mail_copy check (copy >= 0);
--> statement-breakpoint
alter table settlement
  add constraint settlement_invoice foreign key (invoice_id) references invoice (id),
  add constraint settlement_adds_up check (open_minor = total_minor - credited_minor - written_off_minor and credited_minor >= 0 and written_off_minor >= 0);
--> statement-breakpoint
alter table write_off add constraint write_off_amount check (amount_minor > 0);
--> statement-breakpoint
insert into settlement (invoice_id, account_id, number, currency, total_minor, credited_minor, written_off_minor, open_minor)
select i.id, i.account_id, i.number, i.currency, i.total_minor, coalesce(c.credited, 0), 0, i.total_minor - coalesce(c.credited, 0)
from invoice i left join (select corrects_id, sum(total_minor)::int8 as credited from invoice where document_type = 'credit_note' group by 1) c on c.corrects_id = i.id
where i.document_type <> 'credit_note';
--> statement-breakpoint
create function refuse_record_change() returns trigger language plpgsql as $$
begin
  raise exception 'what was recorded never changes: % of % is refused', lower(tg_op), tg_table_name
    using errcode = 'restrict_violation', hint = 'record a cancellation or a reversal';
end $$;
--> statement-breakpoint
do $$
declare recorded text;
begin
  foreach recorded in array array['charge', 'charge_billed', 'charge_cancellation', 'write_off', 'write_off_reversal'] loop
    execute format('create trigger %I before update or delete or truncate on %I for each statement execute function refuse_record_change()', recorded || '_is_frozen', recorded);
    execute format('alter table %I enable always trigger %I', recorded, recorded || '_is_frozen');
    execute format('revoke update, delete on %I from atalaya_api, atalaya_staff, atalaya_work', recorded);
  end loop;
end $$;
--> statement-breakpoint
-- What a seller records of his customers is no tenant's to read: verbs show him what stands on his bill.
do $$
declare name text;
begin
  foreach name in array array['charge', 'charge_billed', 'charge_cancellation', 'mail', 'settlement', 'write_off', 'write_off_reversal'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy installation on %I to atalaya_staff, atalaya_work, %I using (true) with check (true)', name, current_user);
  end loop;
end $$;
