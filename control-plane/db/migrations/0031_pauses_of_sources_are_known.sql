CREATE TABLE "source_pause" (
	"id" uuid PRIMARY KEY NOT NULL,
	"source_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"begins" boolean NOT NULL,
	"cut" integer NOT NULL
);
--> statement-breakpoint
ALTER TABLE "source_pause" ADD CONSTRAINT "source_pause_source_id_source_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."source"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "source_pause_source_id_at_index" ON "source_pause" USING btree ("source_id","at");