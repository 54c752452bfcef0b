ALTER TABLE "plan" ADD COLUMN "promised" jsonb;--> statement-breakpoint
ALTER TABLE "service_resource" ADD COLUMN "promised" jsonb;