ALTER TABLE "period_close_account" ADD COLUMN "currency" text;
--> statement-breakpoint
-- What was drafted before is in the currency of its documents, or of the contract that it was drafted under.
update period_close_account a set currency = coalesce(
  (select i.currency from invoice i where i.id = (a.invoices->0->>'id')::uuid),
  (select k.currency from contract k join period_close c on c.legal_entity_id = k.legal_entity_id
    where c.id = a.close_id and k.account_id = a.account_id and k.side = 'sale' order by k.valid_from desc limit 1))
  where a.net_minor is not null;
