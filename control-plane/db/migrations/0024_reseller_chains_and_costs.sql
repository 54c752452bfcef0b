ALTER TABLE "legal_entity" ADD COLUMN "reseller_account_id" uuid;--> statement-breakpoint
ALTER TABLE "legal_entity" ADD CONSTRAINT "legal_entity_reseller_account_id_account_id_fk" FOREIGN KEY ("reseller_account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_legal_entity_id_index" ON "account" USING btree ("legal_entity_id");--> statement-breakpoint
CREATE INDEX "legal_entity_reseller_account_id_index" ON "legal_entity" USING btree ("reseller_account_id");--> statement-breakpoint
-- A reseller knows his own companies before anybody buys from them.
create policy own_company on legal_entity to atalaya_api using (reseller_account_id = any((select reached())::uuid[])) with check (false);
