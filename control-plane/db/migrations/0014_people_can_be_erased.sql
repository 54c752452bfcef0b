CREATE TABLE "person_key" (
	"person_id" uuid PRIMARY KEY NOT NULL,
	"key" text NOT NULL
);
--> statement-breakpoint
DROP INDEX "invitation_email_index";--> statement-breakpoint
DROP INDEX "person_email_index";--> statement-breakpoint
ALTER TABLE "invitation" ALTER COLUMN "email" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "person" ALTER COLUMN "name" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "person" ALTER COLUMN "email" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "invitation" ADD COLUMN "email_hash" text;--> statement-breakpoint
ALTER TABLE "person" ADD COLUMN "email_hash" text;--> statement-breakpoint
ALTER TABLE "person" ADD COLUMN "name_hash" text;--> statement-breakpoint
ALTER TABLE "person" ADD COLUMN "erased_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "invitation_email_hash_index" ON "invitation" USING btree ("email_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "person_email_hash_index" ON "person" USING btree ("email_hash");--> statement-breakpoint
CREATE INDEX "person_name_hash_index" ON "person" USING btree ("name_hash");
--> statement-breakpoint
-- Of one who was erased nothing is left that names him, nor by which he is found.
alter table person add constraint person_erased_wholly
  check (erased_at is null or num_nonnulls(name, email, email_hash, name_hash, image) = 0);
