-- An enrolment token may make several agents and gives them labels; who was revoked lately is asked often.
ALTER TABLE "agent" ADD COLUMN "labels" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "enrolment" ADD COLUMN "uses" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "enrolment" ADD COLUMN "used" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "enrolment" ADD COLUMN "labels" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
CREATE INDEX "agent_revoked_at_index" ON "agent" USING btree ("revoked_at") WHERE "agent"."revoked_at" is not null;
--> statement-breakpoint
update enrolment set used = 1 where used_at is not null;
