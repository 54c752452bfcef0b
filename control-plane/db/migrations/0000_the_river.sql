CREATE TABLE "account" (
	"id" uuid PRIMARY KEY NOT NULL,
	"legal_entity_id" uuid NOT NULL,
	"name" text NOT NULL,
	"address" jsonb NOT NULL,
	"tax_id" text NOT NULL,
	"email" text NOT NULL,
	"zone" text NOT NULL,
	"language" text NOT NULL,
	"is_default" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "credential" (
	"id" uuid PRIMARY KEY NOT NULL,
	"kind" text NOT NULL,
	"hash" text NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"used_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "installation" (
	"id" uuid PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "legal_entity" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"address" jsonb NOT NULL,
	"tax_id" text NOT NULL,
	"email" text NOT NULL,
	"currency" text NOT NULL,
	"zone" text NOT NULL,
	"language" text NOT NULL,
	"tax_category" text NOT NULL,
	"tax_rate" text NOT NULL,
	"invoice_prefix" text NOT NULL,
	"payment_terms_days" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "project" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "document" (
	"sha256" text PRIMARY KEY NOT NULL,
	"media_type" text NOT NULL,
	"bytes" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "invoice" (
	"id" uuid PRIMARY KEY NOT NULL,
	"legal_entity_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"contract_id" uuid NOT NULL,
	"document_type" text NOT NULL,
	"series_year" integer NOT NULL,
	"series_number" integer NOT NULL,
	"number" text NOT NULL,
	"issued_at" timestamp (3) with time zone NOT NULL,
	"period_from" timestamp (3) with time zone NOT NULL,
	"period_to" timestamp (3) with time zone NOT NULL,
	"currency" text NOT NULL,
	"net_minor" bigint NOT NULL,
	"tax_minor" bigint NOT NULL,
	"total_minor" bigint NOT NULL,
	"line_count" integer NOT NULL,
	"cut" integer NOT NULL,
	"content" jsonb NOT NULL,
	"content_hash" text NOT NULL,
	"previous_hash" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "invoice_document" (
	"invoice_id" uuid NOT NULL,
	"language" text NOT NULL,
	"account_id" uuid NOT NULL,
	"sha256" text NOT NULL,
	CONSTRAINT "invoice_document_invoice_id_language_pk" PRIMARY KEY("invoice_id","language")
);
--> statement-breakpoint
CREATE TABLE "invoice_line" (
	"invoice_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"line_id" text NOT NULL,
	"account_id" uuid NOT NULL,
	"resource_id" uuid NOT NULL,
	"net_minor" bigint NOT NULL,
	"content" jsonb NOT NULL,
	CONSTRAINT "invoice_line_invoice_id_position_pk" PRIMARY KEY("invoice_id","position")
);
--> statement-breakpoint
CREATE TABLE "series" (
	"legal_entity_id" uuid NOT NULL,
	"document_type" text NOT NULL,
	"year" integer NOT NULL,
	"next_number" integer NOT NULL,
	"last_hash" text NOT NULL,
	CONSTRAINT "series_legal_entity_id_document_type_year_pk" PRIMARY KEY("legal_entity_id","document_type","year")
);
--> statement-breakpoint
CREATE TABLE "price_book" (
	"id" uuid PRIMARY KEY NOT NULL,
	"legal_entity_id" uuid NOT NULL,
	"name" text NOT NULL,
	"currency" text NOT NULL,
	"is_default" boolean NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "price_version" (
	"id" uuid PRIMARY KEY NOT NULL,
	"price_book_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"meter" text NOT NULL,
	"model" text NOT NULL,
	"per" text NOT NULL,
	"unit" text NOT NULL,
	"amount" numeric(30, 12) NOT NULL,
	"effective_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"cut_from" integer NOT NULL,
	"cut_to" integer
);
--> statement-breakpoint
CREATE TABLE "contract" (
	"id" uuid PRIMARY KEY NOT NULL,
	"legal_entity_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"price_book_id" uuid NOT NULL,
	"side" text NOT NULL,
	"currency" text NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "service" (
	"id" uuid PRIMARY KEY NOT NULL,
	"contract_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"kind" text NOT NULL,
	"name" text NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "cut" (
	"number" integer PRIMARY KEY NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "event" (
	"id" uuid PRIMARY KEY NOT NULL,
	"number" bigint,
	"type" text NOT NULL,
	"subject_kind" text NOT NULL,
	"subject_id" text NOT NULL,
	"account_id" uuid,
	"actor" jsonb NOT NULL,
	"before" jsonb,
	"after" jsonb,
	"request_id" text NOT NULL,
	"occurred_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "notice" (
	"id" uuid PRIMARY KEY NOT NULL,
	"code" text NOT NULL,
	"subject_kind" text NOT NULL,
	"subject_id" text NOT NULL,
	"subject_name" text NOT NULL,
	"params" jsonb NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "batch" (
	"spool_id" uuid NOT NULL,
	"sequence" integer NOT NULL,
	"hash" text NOT NULL,
	"previous" text NOT NULL,
	"chained" boolean NOT NULL,
	"bytes" integer NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "batch_spool_id_sequence_pk" PRIMARY KEY("spool_id","sequence")
);
--> statement-breakpoint
CREATE TABLE "intake_hour" (
	"source_id" uuid NOT NULL,
	"hour" timestamp (3) with time zone NOT NULL,
	"received" bigint NOT NULL,
	"duplicate" bigint NOT NULL,
	CONSTRAINT "intake_hour_source_id_hour_pk" PRIMARY KEY("source_id","hour")
);
--> statement-breakpoint
CREATE TABLE "lost_range" (
	"id" uuid PRIMARY KEY NOT NULL,
	"source_id" uuid NOT NULL,
	"spool_id" uuid NOT NULL,
	"from_at" timestamp (3) with time zone NOT NULL,
	"to_at" timestamp (3) with time zone NOT NULL,
	"cause" text NOT NULL,
	"sequences" jsonb,
	"stored_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "quarantine" (
	"id" uuid PRIMARY KEY NOT NULL,
	"agent_id" uuid,
	"source_id" uuid,
	"spool_id" uuid,
	"sequence" bigint,
	"reason" text NOT NULL,
	"detail" text NOT NULL,
	"readings" integer NOT NULL,
	"raw" text NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "spool" (
	"id" uuid PRIMARY KEY NOT NULL,
	"agent_id" uuid NOT NULL,
	"watermark" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"cloned_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "assignment" (
	"id" uuid PRIMARY KEY NOT NULL,
	"resource_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"project_id" uuid,
	"valid_from" timestamp (3) with time zone,
	"valid_to" timestamp (3) with time zone,
	"actor" text NOT NULL,
	"reason" text NOT NULL,
	"recorded_at" timestamp (3) with time zone NOT NULL,
	"cut_from" integer NOT NULL,
	"cut_to" integer
);
--> statement-breakpoint
CREATE TABLE "dirty_resource" (
	"resource_id" uuid PRIMARY KEY NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"marked_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "listing" (
	"scope_id" uuid NOT NULL,
	"digest" text NOT NULL,
	"resources" jsonb NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "listing_scope_id_digest_pk" PRIMARY KEY("scope_id","digest")
);
--> statement-breakpoint
CREATE TABLE "observed_version" (
	"id" uuid PRIMARY KEY NOT NULL,
	"resource_id" uuid NOT NULL,
	"valid_from" timestamp (3) with time zone NOT NULL,
	"valid_to" timestamp (3) with time zone,
	"from_exact" boolean NOT NULL,
	"to_exact" boolean NOT NULL,
	"not_before" timestamp (3) with time zone,
	"content" jsonb NOT NULL,
	"scope_id" uuid NOT NULL,
	"host_id" uuid,
	"conflict" boolean NOT NULL,
	"cut_from" integer NOT NULL,
	"cut_to" integer,
	"stored_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "resource" (
	"id" uuid PRIMARY KEY NOT NULL,
	"realm" text NOT NULL,
	"kind" text NOT NULL,
	"external_id" text NOT NULL,
	"incarnation" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"source_id" uuid NOT NULL,
	"name" text NOT NULL,
	"state" text NOT NULL,
	"size" jsonb NOT NULL,
	"host_id" uuid,
	"scope_id" uuid,
	"attributes" jsonb NOT NULL,
	"evidence" jsonb NOT NULL,
	"first_seen_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"conflict" boolean NOT NULL,
	"account_id" uuid,
	"project_id" uuid,
	"search" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "scope" (
	"id" uuid PRIMARY KEY NOT NULL,
	"realm" text NOT NULL,
	"kind" text NOT NULL,
	"external_id" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "scope_gap" (
	"scope_id" uuid NOT NULL,
	"from_at" timestamp (3) with time zone NOT NULL,
	"to_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "scope_gap_scope_id_from_at_pk" PRIMARY KEY("scope_id","from_at")
);
--> statement-breakpoint
CREATE TABLE "sighting" (
	"resource_id" uuid NOT NULL,
	"scope_id" uuid NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	"exact" boolean NOT NULL,
	"position" integer NOT NULL,
	"change" text NOT NULL,
	"content" jsonb,
	"source_id" uuid NOT NULL,
	"cut" integer NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "sighting_resource_id_seen_at_scope_id_exact_position_pk" PRIMARY KEY("resource_id","seen_at","scope_id","exact","position")
);
--> statement-breakpoint
CREATE TABLE "snapshot" (
	"scope_id" uuid NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	"source_id" uuid NOT NULL,
	"digest" text NOT NULL,
	"complete" boolean NOT NULL,
	"interval_ms" integer NOT NULL,
	"in_force" boolean NOT NULL,
	"cut" integer NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "snapshot_scope_id_seen_at_source_id_pk" PRIMARY KEY("scope_id","seen_at","source_id")
);
--> statement-breakpoint
CREATE TABLE "snapshot_part" (
	"snapshot_id" uuid NOT NULL,
	"part" integer NOT NULL,
	"source_id" uuid NOT NULL,
	"resources" jsonb NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "snapshot_part_snapshot_id_part_pk" PRIMARY KEY("snapshot_id","part")
);
--> statement-breakpoint
CREATE TABLE "dirty_usage" (
	"resource_id" uuid PRIMARY KEY NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	"until" timestamp (3) with time zone NOT NULL,
	"marked_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "reading" (
	"resource_id" uuid NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	"spool_id" uuid NOT NULL,
	"sequence" integer NOT NULL,
	"position" integer NOT NULL,
	"source_id" uuid NOT NULL,
	"interval_ms" integer NOT NULL,
	"epoch" text NOT NULL,
	"origin_at" timestamp (3) with time zone,
	"wrap_bits" integer,
	"counters" jsonb NOT NULL,
	"counter_count" integer NOT NULL,
	"cut" integer NOT NULL,
	"stored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "reading_resource_id_seen_at_spool_id_sequence_position_pk" PRIMARY KEY("resource_id","seen_at","spool_id","sequence","position")
);
--> statement-breakpoint
CREATE TABLE "usage_hour" (
	"id" uuid PRIMARY KEY NOT NULL,
	"resource_id" uuid NOT NULL,
	"meter" text NOT NULL,
	"hour" timestamp (3) with time zone NOT NULL,
	"quantity" numeric(39, 0) NOT NULL,
	"estimated" boolean NOT NULL,
	"gaps" jsonb NOT NULL,
	"bounds" jsonb NOT NULL,
	"reading_count" integer NOT NULL,
	"digest" text NOT NULL,
	"cut_from" integer NOT NULL,
	"cut_to" integer,
	"stored_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "metric_intake" (
	"source_id" uuid NOT NULL,
	"hour" timestamp (3) with time zone NOT NULL,
	"metric_only" bigint NOT NULL,
	CONSTRAINT "metric_intake_source_id_hour_pk" PRIMARY KEY("source_id","hour")
);
--> statement-breakpoint
CREATE TABLE "metric_last" (
	"resource_id" uuid NOT NULL,
	"source_id" uuid NOT NULL,
	"part" text NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	"values" jsonb NOT NULL,
	CONSTRAINT "metric_last_resource_id_source_id_part_pk" PRIMARY KEY("resource_id","source_id","part")
);
--> statement-breakpoint
CREATE TABLE "metric_sample" (
	"resource_id" uuid NOT NULL,
	"seen_at" timestamp (3) with time zone NOT NULL,
	"source_id" uuid NOT NULL,
	"part" text NOT NULL,
	"epoch" text NOT NULL,
	"interval_ms" bigint NOT NULL,
	"values" jsonb NOT NULL,
	CONSTRAINT "metric_sample_resource_id_seen_at_source_id_part_epoch_pk" PRIMARY KEY("resource_id","seen_at","source_id","part","epoch")
);
--> statement-breakpoint
CREATE TABLE "usage_status" (
	"resource_id" uuid NOT NULL,
	"meter" text NOT NULL,
	"hour" timestamp (3) with time zone NOT NULL,
	"usage_id" uuid NOT NULL,
	"status" text NOT NULL,
	"account_id" uuid,
	"judged_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "usage_status_resource_id_meter_hour_pk" PRIMARY KEY("resource_id","meter","hour")
);
--> statement-breakpoint
CREATE TABLE "agent" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"hostname" text NOT NULL,
	"machine_id" text NOT NULL,
	"public_key" text NOT NULL,
	"version" text NOT NULL,
	"manifests" jsonb NOT NULL,
	"config_version" integer NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_heard_at" timestamp (3) with time zone,
	"clock_offset_ms" bigint,
	"spool_bytes" bigint,
	"silent_since" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"alarm" text
);
--> statement-breakpoint
CREATE TABLE "enrolment" (
	"id" uuid PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"account_id" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"used_at" timestamp (3) with time zone,
	"agent_id" uuid
);
--> statement-breakpoint
CREATE TABLE "source" (
	"id" uuid PRIMARY KEY NOT NULL,
	"agent_id" uuid NOT NULL,
	"connector" text NOT NULL,
	"realm" text NOT NULL,
	"interval_ms" integer NOT NULL,
	"settings" jsonb NOT NULL,
	"account_id" uuid,
	"created_at" timestamp (3) with time zone NOT NULL,
	"paused_at" timestamp (3) with time zone,
	"deleted_at" timestamp (3) with time zone,
	"last_fact_at" timestamp (3) with time zone,
	"last_ok_at" timestamp (3) with time zone,
	"duration_ms" integer,
	"vendor_version" text,
	"error" jsonb
);
--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_legal_entity_id_legal_entity_id_fk" FOREIGN KEY ("legal_entity_id") REFERENCES "public"."legal_entity"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "project" ADD CONSTRAINT "project_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_legal_entity_id_legal_entity_id_fk" FOREIGN KEY ("legal_entity_id") REFERENCES "public"."legal_entity"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice" ADD CONSTRAINT "invoice_contract_id_contract_id_fk" FOREIGN KEY ("contract_id") REFERENCES "public"."contract"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_document" ADD CONSTRAINT "invoice_document_invoice_id_invoice_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoice"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_document" ADD CONSTRAINT "invoice_document_sha256_document_sha256_fk" FOREIGN KEY ("sha256") REFERENCES "public"."document"("sha256") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "invoice_line" ADD CONSTRAINT "invoice_line_invoice_id_invoice_id_fk" FOREIGN KEY ("invoice_id") REFERENCES "public"."invoice"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "series" ADD CONSTRAINT "series_legal_entity_id_legal_entity_id_fk" FOREIGN KEY ("legal_entity_id") REFERENCES "public"."legal_entity"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_book" ADD CONSTRAINT "price_book_legal_entity_id_legal_entity_id_fk" FOREIGN KEY ("legal_entity_id") REFERENCES "public"."legal_entity"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "price_version" ADD CONSTRAINT "price_version_price_book_id_price_book_id_fk" FOREIGN KEY ("price_book_id") REFERENCES "public"."price_book"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contract" ADD CONSTRAINT "contract_legal_entity_id_legal_entity_id_fk" FOREIGN KEY ("legal_entity_id") REFERENCES "public"."legal_entity"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contract" ADD CONSTRAINT "contract_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contract" ADD CONSTRAINT "contract_price_book_id_price_book_id_fk" FOREIGN KEY ("price_book_id") REFERENCES "public"."price_book"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service" ADD CONSTRAINT "service_contract_id_contract_id_fk" FOREIGN KEY ("contract_id") REFERENCES "public"."contract"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "service" ADD CONSTRAINT "service_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assignment" ADD CONSTRAINT "assignment_resource_id_resource_id_fk" FOREIGN KEY ("resource_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assignment" ADD CONSTRAINT "assignment_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "assignment" ADD CONSTRAINT "assignment_project_id_project_id_fk" FOREIGN KEY ("project_id") REFERENCES "public"."project"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "listing" ADD CONSTRAINT "listing_scope_id_scope_id_fk" FOREIGN KEY ("scope_id") REFERENCES "public"."scope"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "observed_version" ADD CONSTRAINT "observed_version_resource_id_resource_id_fk" FOREIGN KEY ("resource_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "resource" ADD CONSTRAINT "resource_source_id_source_id_fk" FOREIGN KEY ("source_id") REFERENCES "public"."source"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "scope_gap" ADD CONSTRAINT "scope_gap_scope_id_scope_id_fk" FOREIGN KEY ("scope_id") REFERENCES "public"."scope"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sighting" ADD CONSTRAINT "sighting_resource_id_resource_id_fk" FOREIGN KEY ("resource_id") REFERENCES "public"."resource"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sighting" ADD CONSTRAINT "sighting_scope_id_scope_id_fk" FOREIGN KEY ("scope_id") REFERENCES "public"."scope"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "snapshot" ADD CONSTRAINT "snapshot_scope_id_scope_id_fk" FOREIGN KEY ("scope_id") REFERENCES "public"."scope"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "enrolment" ADD CONSTRAINT "enrolment_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "enrolment" ADD CONSTRAINT "enrolment_agent_id_agent_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agent"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "source" ADD CONSTRAINT "source_agent_id_agent_id_fk" FOREIGN KEY ("agent_id") REFERENCES "public"."agent"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "source" ADD CONSTRAINT "source_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "credential_hash_index" ON "credential" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "project_account_id_index" ON "project" USING btree ("account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_legal_entity_id_document_type_series_year_series_number_index" ON "invoice" USING btree ("legal_entity_id","document_type","series_year","series_number");--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_legal_entity_id_number_index" ON "invoice" USING btree ("legal_entity_id","number");--> statement-breakpoint
CREATE INDEX "invoice_account_id_issued_at_index" ON "invoice" USING btree ("account_id","issued_at");--> statement-breakpoint
CREATE UNIQUE INDEX "invoice_line_invoice_id_line_id_index" ON "invoice_line" USING btree ("invoice_id","line_id");--> statement-breakpoint
CREATE INDEX "price_version_price_book_id_kind_meter_index" ON "price_version" USING btree ("price_book_id","kind","meter");--> statement-breakpoint
CREATE INDEX "contract_account_id_index" ON "contract" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "service_contract_id_index" ON "service" USING btree ("contract_id");--> statement-breakpoint
CREATE UNIQUE INDEX "event_number_index" ON "event" USING btree ("number");--> statement-breakpoint
CREATE INDEX "event_subject_id_index" ON "event" USING btree ("subject_id");--> statement-breakpoint
CREATE INDEX "event_occurred_at_index" ON "event" USING btree ("occurred_at");--> statement-breakpoint
CREATE INDEX "notice_closed_at_index" ON "notice" USING btree ("closed_at");--> statement-breakpoint
CREATE INDEX "lost_range_source_id_from_at_index" ON "lost_range" USING btree ("source_id","from_at");--> statement-breakpoint
CREATE INDEX "quarantine_stored_at_index" ON "quarantine" USING btree ("stored_at");--> statement-breakpoint
CREATE INDEX "quarantine_source_id_stored_at_index" ON "quarantine" USING btree ("source_id","stored_at");--> statement-breakpoint
CREATE INDEX "assignment_resource_id_index" ON "assignment" USING btree ("resource_id");--> statement-breakpoint
CREATE INDEX "assignment_account_id_index" ON "assignment" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "dirty_resource_marked_at_index" ON "dirty_resource" USING btree ("marked_at");--> statement-breakpoint
CREATE INDEX "observed_version_resource_id_valid_from_index" ON "observed_version" USING btree ("resource_id","valid_from");--> statement-breakpoint
CREATE UNIQUE INDEX "resource_realm_kind_external_id_incarnation_index" ON "resource" USING btree ("realm","kind","external_id","incarnation");--> statement-breakpoint
CREATE INDEX "resource_account_id_index" ON "resource" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "resource_host_id_index" ON "resource" USING btree ("host_id");--> statement-breakpoint
CREATE INDEX "resource_kind_name_index" ON "resource" USING btree ("kind","name");--> statement-breakpoint
CREATE INDEX "resource_source_id_index" ON "resource" USING btree ("source_id");--> statement-breakpoint
CREATE UNIQUE INDEX "scope_realm_kind_external_id_index" ON "scope" USING btree ("realm","kind","external_id");--> statement-breakpoint
CREATE INDEX "sighting_scope_id_seen_at_index" ON "sighting" USING btree ("scope_id","seen_at");--> statement-breakpoint
CREATE INDEX "dirty_usage_marked_at_index" ON "dirty_usage" USING btree ("marked_at");--> statement-breakpoint
CREATE INDEX "reading_source_id_stored_at_index" ON "reading" USING btree ("source_id","stored_at");--> statement-breakpoint
CREATE INDEX "reading_resource_id_epoch_seen_at_index" ON "reading" USING btree ("resource_id","epoch","seen_at");--> statement-breakpoint
CREATE INDEX "usage_hour_resource_id_hour_index" ON "usage_hour" USING btree ("resource_id","hour");--> statement-breakpoint
CREATE INDEX "usage_hour_hour_index" ON "usage_hour" USING btree ("hour");--> statement-breakpoint
CREATE INDEX "usage_hour_stored_at_index" ON "usage_hour" USING btree ("stored_at");--> statement-breakpoint
CREATE INDEX "metric_sample_seen_at_index" ON "metric_sample" USING btree ("seen_at");--> statement-breakpoint
CREATE INDEX "usage_status_hour_index" ON "usage_status" USING btree ("hour");--> statement-breakpoint
CREATE INDEX "usage_status_judged_at_index" ON "usage_status" USING btree ("judged_at");--> statement-breakpoint
CREATE INDEX "usage_status_status_judged_at_index" ON "usage_status" USING btree ("status","judged_at");--> statement-breakpoint
CREATE UNIQUE INDEX "agent_public_key_index" ON "agent" USING btree ("public_key");--> statement-breakpoint
CREATE UNIQUE INDEX "enrolment_hash_index" ON "enrolment" USING btree ("hash");--> statement-breakpoint
CREATE INDEX "source_agent_id_index" ON "source" USING btree ("agent_id");