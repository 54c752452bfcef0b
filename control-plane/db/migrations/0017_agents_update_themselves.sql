CREATE TABLE "agent_release" (
	"id" uuid PRIMARY KEY NOT NULL,
	"version" text NOT NULL,
	"platform" text NOT NULL,
	"sha256" text NOT NULL,
	"signed" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"stored_at" timestamp (3) with time zone,
	"withdrawn_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "agent_rollout" (
	"id" uuid PRIMARY KEY NOT NULL,
	"release_id" uuid NOT NULL,
	"platform" text NOT NULL,
	"state" text NOT NULL,
	"waves" jsonb NOT NULL,
	"wave" integer NOT NULL,
	"soak_ms" bigint NOT NULL,
	"max_failures" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"created_by" text NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"changed_by" text NOT NULL,
	"reason" text
);
--> statement-breakpoint
CREATE TABLE "agent_update" (
	"rollout_id" uuid NOT NULL,
	"agent_id" uuid NOT NULL,
	"wave" integer NOT NULL,
	"state" text NOT NULL,
	"is_failure" boolean DEFAULT false NOT NULL,
	"reason" text,
	"detail" text,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"switched_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone,
	"nudged_at" timestamp (3) with time zone,
	"starts" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "agent_update_rollout_id_agent_id_pk" PRIMARY KEY("rollout_id","agent_id")
);
--> statement-breakpoint
ALTER TABLE "agent" ADD COLUMN "platform" text;--> statement-breakpoint
ALTER TABLE "agent_rollout" ADD CONSTRAINT "agent_rollout_release_id_agent_release_id_fk" FOREIGN KEY ("release_id") REFERENCES "public"."agent_release"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agent_update" ADD CONSTRAINT "agent_update_rollout_id_agent_rollout_id_fk" FOREIGN KEY ("rollout_id") REFERENCES "public"."agent_rollout"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "agent_update" ADD CONSTRAINT "agent_update_agent_id_agent_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agent"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "agent_release_platform_version_index" ON "agent_release" USING btree ("platform","version") WHERE "agent_release"."withdrawn_at" is null;--> statement-breakpoint
CREATE INDEX "agent_release_sha256_index" ON "agent_release" USING btree ("sha256");--> statement-breakpoint
CREATE UNIQUE INDEX "agent_rollout_open" ON "agent_rollout" USING btree ("platform") WHERE "agent_rollout"."state" in ('running', 'paused');--> statement-breakpoint
CREATE INDEX "agent_rollout_created_at_index" ON "agent_rollout" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "agent_update_agent_id_index" ON "agent_update" USING btree ("agent_id");