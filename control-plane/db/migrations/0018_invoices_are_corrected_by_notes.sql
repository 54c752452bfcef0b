ALTER TABLE "legal_entity" ADD COLUMN "note_threshold" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "legal_entity" ADD COLUMN "re_rating_months" integer DEFAULT 24 NOT NULL;
--> statement-breakpoint
ALTER TABLE "invoice" ADD COLUMN "corrects_id" uuid;
--> statement-breakpoint
ALTER TABLE "lost_range" ADD COLUMN "cut" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "scope_gap" ADD COLUMN "cut_from" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "scope_gap" ADD COLUMN "cut_to" integer;
--> statement-breakpoint
ALTER TABLE "scope_gap" DROP CONSTRAINT "scope_gap_scope_id_from_at_pk";
--> statement-breakpoint
ALTER TABLE "scope_gap" ADD CONSTRAINT "scope_gap_scope_id_from_at_cut_from_pk" PRIMARY KEY("scope_id","from_at","cut_from");
--> statement-breakpoint
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_corrects_id_invoice_id_fk" FOREIGN KEY ("corrects_id") REFERENCES "public"."invoice"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "invoice_corrects_id_index" ON "invoice" USING btree ("corrects_id");
--> statement-breakpoint
-- Periods of invoices never overlap; a note has the period of its invoice.
alter table invoice drop constraint invoice_period_once;
--> statement-breakpoint
alter table invoice
  add constraint invoice_period_once exclude using gist (contract_id with =, tstzrange(period_from, period_to) with &&) where (document_type = 'invoice'),
  add constraint invoice_document_type check (document_type in ('invoice', 'credit_note', 'debit_note')),
  add constraint invoice_corrects check ((document_type = 'invoice') = (corrects_id is null));
--> statement-breakpoint
-- One cut says one thing of an invoice.
create unique index invoice_note_once on invoice (corrects_id, cut);
--> statement-breakpoint
alter table legal_entity
  add constraint legal_entity_notes check (note_threshold >= 0 and re_rating_months > 0);
