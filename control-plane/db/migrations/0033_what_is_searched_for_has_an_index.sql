create extension if not exists pg_trgm;--> statement-breakpoint
CREATE INDEX "resource_search_index" ON "resource" USING gin (search gin_trgm_ops);