ALTER TABLE "resource" ADD COLUMN "cost_per_hour" numeric;--> statement-breakpoint
ALTER TABLE "resource" ADD COLUMN "cost_basis" text;--> statement-breakpoint
ALTER TABLE "resource" ADD COLUMN "held_digest" text GENERATED ALWAYS AS (left(md5(state || size::text), 16)) STORED NOT NULL;--> statement-breakpoint
CREATE INDEX "assignment_begun_index" ON "assignment" USING btree ("valid_from") WHERE cut_to is null and valid_from is not null;--> statement-breakpoint
CREATE INDEX "resource_name_index" ON "resource" USING btree (lower(name),"id") WHERE first_seen_at is not null and ended_at is null and covered_by is null;--> statement-breakpoint
CREATE INDEX "resource_cost_index" ON "resource" USING btree (coalesce(cost_per_hour, '-infinity'::numeric),"id") WHERE first_seen_at is not null and ended_at is null and covered_by is null;--> statement-breakpoint
CREATE INDEX "resource_living_index" ON "resource" USING btree ("account_id","kind","state","held_digest","cost_basis","project_id","source_id","id") WHERE first_seen_at is not null and ended_at is null and covered_by is null;--> statement-breakpoint
CREATE INDEX "resource_costless_index" ON "resource" USING btree ("id") WHERE cost_basis is not null and (account_id is null or ended_at is not null or covered_by is not null);