-- Whoever held a credential owned the installation; what is made from now on says its role.
ALTER TABLE "credential" ADD COLUMN "role" text DEFAULT 'owner' NOT NULL;--> statement-breakpoint
ALTER TABLE "credential" ALTER COLUMN "role" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "credential" ADD CONSTRAINT "credential_role" CHECK ("role" IN ('owner', 'administrator', 'operator', 'finance', 'support', 'read_only'));--> statement-breakpoint
ALTER TABLE "credential" ADD COLUMN "scopes" jsonb;--> statement-breakpoint
ALTER TABLE "credential" ADD COLUMN "opened_by" uuid;--> statement-breakpoint
ALTER TABLE "credential" ADD COLUMN "created_by" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "credential" ALTER COLUMN "created_by" DROP DEFAULT;--> statement-breakpoint
CREATE INDEX "credential_opened_by_index" ON "credential" USING btree ("opened_by");
