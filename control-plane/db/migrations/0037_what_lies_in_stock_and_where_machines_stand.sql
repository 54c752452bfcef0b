CREATE TABLE "part_entry" (
	"id" uuid PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"serial" text NOT NULL,
	"state" text NOT NULL,
	"model" text NOT NULL,
	"manufacturer" text NOT NULL,
	"site" text NOT NULL,
	"place" text NOT NULL,
	"effective_at" timestamp (3) with time zone NOT NULL,
	"note" text NOT NULL,
	"actor" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"withdrawn_at" timestamp (3) with time zone,
	"withdrawn_by" text
);
--> statement-breakpoint
CREATE TABLE "rack" (
	"id" uuid PRIMARY KEY NOT NULL,
	"site" text NOT NULL,
	"name" text NOT NULL,
	"unit_count" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "rack_mount" (
	"id" uuid PRIMARY KEY NOT NULL,
	"rack_id" uuid NOT NULL,
	"resource_id" uuid NOT NULL,
	"unit" integer NOT NULL,
	"height_units" integer NOT NULL,
	"mounted_at" timestamp (3) with time zone NOT NULL,
	"unmounted_at" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"withdrawn_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "rack_mount" ADD CONSTRAINT "rack_mount_rack_id_rack_id_fk" FOREIGN KEY ("rack_id") REFERENCES "public"."rack"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "rack_mount" ADD CONSTRAINT "rack_mount_resource_id_resource_id_fk" FOREIGN KEY ("resource_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "part_entry_type_serial_index" ON "part_entry" USING btree ("type","serial") WHERE withdrawn_at is null;--> statement-breakpoint
CREATE UNIQUE INDEX "rack_site_name_index" ON "rack" USING btree ("site","name");--> statement-breakpoint
CREATE INDEX "rack_mount_rack_id_index" ON "rack_mount" USING btree ("rack_id");--> statement-breakpoint
CREATE INDEX "rack_mount_resource_id_index" ON "rack_mount" USING btree ("resource_id");--> statement-breakpoint
CREATE INDEX "resource_component_index" ON "resource" USING btree ("external_id") WHERE kind = 'component';--> statement-breakpoint
alter table rack_mount
  add constraint rack_mount_within check (unit >= 1 and height_units >= 1),
  add constraint rack_mount_not_empty check (unmounted_at is null or mounted_at < unmounted_at),
  add constraint rack_mount_one_place exclude using gist (resource_id with =, tstzrange(mounted_at, unmounted_at) with &&) where (withdrawn_at is null),
  add constraint rack_mount_one_machine exclude using gist
    (rack_id with =, int4range(unit, unit + height_units) with &&, tstzrange(mounted_at, unmounted_at) with &&) where (withdrawn_at is null);
