-- The lines of an invoice are written before its number is taken: nobody waits for the series while they are. At the end of the
-- transaction the invoice must be there, as ever.
ALTER TABLE "invoice_line" ALTER CONSTRAINT "invoice_line_invoice_id_invoice_id_fk" DEFERRABLE INITIALLY DEFERRED;
