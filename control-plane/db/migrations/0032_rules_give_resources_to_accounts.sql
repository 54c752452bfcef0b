CREATE TABLE "assignment_rule" (
	"id" uuid PRIMARY KEY NOT NULL,
	"rule_id" uuid NOT NULL,
	"valid_from" timestamp (3) with time zone,
	"valid_to" timestamp (3) with time zone,
	"position" integer NOT NULL,
	"name" text NOT NULL,
	"condition" jsonb NOT NULL,
	"effect" jsonb NOT NULL,
	"made_by" uuid NOT NULL,
	"superseded_by" uuid
);
--> statement-breakpoint
CREATE TABLE "assignment_rule_change" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"effective_at" timestamp (3) with time zone,
	"reason" text NOT NULL,
	"actor" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"reversed_by" uuid
);
--> statement-breakpoint
CREATE TABLE "due_owner" (
	"id" uuid PRIMARY KEY NOT NULL,
	"resource_id" uuid NOT NULL,
	"marked_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "assignment" ADD COLUMN "evidence" jsonb;--> statement-breakpoint
ALTER TABLE "assignment" ADD COLUMN "rule_id" uuid;--> statement-breakpoint
ALTER TABLE "assignment" ADD COLUMN "inherited_from" uuid;--> statement-breakpoint
ALTER TABLE "assignment_rule" ADD CONSTRAINT "assignment_rule_made_by_assignment_rule_change_id_fk" FOREIGN KEY ("made_by") REFERENCES "public"."assignment_rule_change"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assignment_rule" ADD CONSTRAINT "assignment_rule_superseded_by_assignment_rule_change_id_fk" FOREIGN KEY ("superseded_by") REFERENCES "public"."assignment_rule_change"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "assignment_rule_rule_id_index" ON "assignment_rule" USING btree ("rule_id");--> statement-breakpoint
CREATE INDEX "assignment_rule_made_by_index" ON "assignment_rule" USING btree ("made_by");--> statement-breakpoint
CREATE INDEX "assignment_rule_superseded_by_index" ON "assignment_rule" USING btree ("superseded_by");--> statement-breakpoint
ALTER TABLE "assignment" ADD CONSTRAINT "assignment_inherited_from_resource_id_fk" FOREIGN KEY ("inherited_from") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "assignment_rule_id_index" ON "assignment" USING btree ("rule_id") WHERE cut_to is null and rule_id is not null;--> statement-breakpoint
CREATE INDEX "observed_version_parent_index" ON "observed_version" USING btree ((content->'parent'->>'external_id'),(content->'parent'->>'kind')) WHERE cut_to is null and content ? 'parent';--> statement-breakpoint
alter table assignment_rule
  add constraint assignment_rule_not_empty check (valid_from is null or valid_to is null or valid_from < valid_to),
  add constraint assignment_rule_no_overlap exclude using gist (rule_id with =, tstzrange(valid_from, valid_to) with &&) where (superseded_by is null);--> statement-breakpoint
alter table assignment
  add constraint assignment_by_rule_has_evidence check (evidence is not null or (rule_id is null and inherited_from is null));
