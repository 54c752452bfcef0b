CREATE TABLE "index_value" (
	"id" uuid PRIMARY KEY NOT NULL,
	"price_index_id" uuid NOT NULL,
	"amount" numeric(30, 12) NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"cut_from" integer NOT NULL,
	"cut_to" integer
);
--> statement-breakpoint
CREATE TABLE "price_index" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"currency" text NOT NULL,
	"unit" text NOT NULL,
	"zone" text NOT NULL,
	"description" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "index_value" ADD CONSTRAINT "index_value_price_index_id_price_index_id_fk" FOREIGN KEY ("price_index_id") REFERENCES "public"."price_index"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "index_value_price_index_id_valid_from_index" ON "index_value" USING btree ("price_index_id","valid_from");--> statement-breakpoint
CREATE UNIQUE INDEX "price_index_name_index" ON "price_index" USING btree ("name");--> statement-breakpoint
alter table index_value
  add constraint index_value_not_empty check (valid_to is null or valid_from < valid_to),
  add constraint index_value_no_overlap exclude using gist (price_index_id with =, tstzrange(valid_from, valid_to) with &&) where (cut_to is null);
