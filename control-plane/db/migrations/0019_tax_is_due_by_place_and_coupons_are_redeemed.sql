CREATE TABLE "coupon" (
	"id" uuid PRIMARY KEY NOT NULL,
	"code" text NOT NULL,
	"name" text NOT NULL,
	"type" text NOT NULL,
	"rate" text,
	"amount_minor" bigint,
	"currency" text,
	"duration" text NOT NULL,
	"periods" integer,
	"scope" jsonb NOT NULL,
	"state" text NOT NULL,
	"valid_from" timestamp (3) with time zone,
	"valid_to" timestamp (3) with time zone,
	"max_redemptions" integer,
	"max_per_account" integer NOT NULL,
	"redemption_count" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "coupon_guess" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "redemption" (
	"id" uuid PRIMARY KEY NOT NULL,
	"coupon_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"redeemed_at" timestamp (3) with time zone NOT NULL,
	"actor" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "redemption_use" (
	"redemption_id" uuid NOT NULL,
	"invoice_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"used_minor" bigint NOT NULL,
	CONSTRAINT "redemption_use_redemption_id_invoice_id_pk" PRIMARY KEY("redemption_id","invoice_id")
);
--> statement-breakpoint
CREATE TABLE "tax_rate" (
	"legal_entity_id" uuid NOT NULL,
	"country" text NOT NULL,
	"tax_class" text NOT NULL,
	"from_date" date NOT NULL,
	"rate" text NOT NULL,
	CONSTRAINT "tax_rate_legal_entity_id_country_tax_class_from_date_pk" PRIMARY KEY("legal_entity_id","country","tax_class","from_date")
);
--> statement-breakpoint
CREATE TABLE "tax_setting" (
	"legal_entity_id" uuid PRIMARY KEY NOT NULL,
	"mode" text NOT NULL,
	"one_stop_shop" boolean NOT NULL,
	"exempt_reason" jsonb
);
--> statement-breakpoint
CREATE TABLE "vat_check" (
	"id" uuid PRIMARY KEY NOT NULL,
	"account_id" uuid NOT NULL,
	"vat_id" text NOT NULL,
	"result" text NOT NULL,
	"by" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"request_id" text,
	"name" text,
	"detail" text NOT NULL,
	"actor" text NOT NULL
);
--> statement-breakpoint
ALTER TABLE "account" ADD COLUMN "tax_status" text DEFAULT 'consumer' NOT NULL;--> statement-breakpoint
ALTER TABLE "price_version" ADD COLUMN "tax_class" text DEFAULT 'standard' NOT NULL;--> statement-breakpoint
ALTER TABLE "price_version" ADD COLUMN "tax_inclusive" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "coupon_guess" ADD CONSTRAINT "coupon_guess_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "redemption" ADD CONSTRAINT "redemption_coupon_id_coupon_id_fk" FOREIGN KEY ("coupon_id") REFERENCES "public"."coupon"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "redemption" ADD CONSTRAINT "redemption_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "redemption_use" ADD CONSTRAINT "redemption_use_redemption_id_redemption_id_fk" FOREIGN KEY ("redemption_id") REFERENCES "public"."redemption"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "redemption_use" ADD CONSTRAINT "redemption_use_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tax_rate" ADD CONSTRAINT "tax_rate_legal_entity_id_legal_entity_id_fk" FOREIGN KEY ("legal_entity_id") REFERENCES "public"."legal_entity"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tax_setting" ADD CONSTRAINT "tax_setting_legal_entity_id_legal_entity_id_fk" FOREIGN KEY ("legal_entity_id") REFERENCES "public"."legal_entity"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "vat_check" ADD CONSTRAINT "vat_check_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "coupon_code_index" ON "coupon" USING btree ("code");--> statement-breakpoint
CREATE INDEX "coupon_guess_account_id_at_index" ON "coupon_guess" USING btree ("account_id","at");--> statement-breakpoint
CREATE INDEX "redemption_account_id_index" ON "redemption" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "redemption_coupon_id_index" ON "redemption" USING btree ("coupon_id");--> statement-breakpoint
CREATE INDEX "redemption_use_account_id_index" ON "redemption_use" USING btree ("account_id");--> statement-breakpoint
CREATE INDEX "vat_check_account_id_at_index" ON "vat_check" USING btree ("account_id","at");--> statement-breakpoint
alter table account add constraint account_tax_status check (tax_status in ('consumer', 'business'));
--> statement-breakpoint
alter table price_version add constraint price_version_tax_class check (tax_class in ('standard', 'reduced', 'zero', 'exempt', 'outside'));
--> statement-breakpoint
alter table tax_setting add constraint tax_setting_mode check (mode in ('fixed', 'by_place'));
--> statement-breakpoint
alter table vat_check add constraint vat_check_said check (result in ('valid', 'invalid', 'unavailable') and by in ('vies', 'hand'));
--> statement-breakpoint
-- A coupon is a percentage or an amount of a currency, and is never redeemed more often than it may be.
alter table coupon
  add constraint coupon_value check (case type when 'percent' then rate is not null and amount_minor is null and currency is null
    when 'fixed' then rate is null and amount_minor > 0 and currency is not null else false end),
  add constraint coupon_duration check (duration in ('once', 'periods', 'forever') and (duration = 'periods') = (periods is not null)),
  add constraint coupon_state check (state in ('active', 'paused')),
  add constraint coupon_limit check (redemption_count <= max_redemptions);
--> statement-breakpoint
-- What an invoice used of a redemption is as frozen as the invoice.
alter table redemption_use
  add constraint redemption_use_invoice_id_invoice_id_fk foreign key (invoice_id) references invoice (id),
  add constraint redemption_use_amount check (used_minor > 0);
--> statement-breakpoint
create trigger redemption_use_is_frozen before update or delete or truncate on redemption_use for each statement execute function refuse_change();
--> statement-breakpoint
alter table redemption_use enable always trigger redemption_use_is_frozen;
--> statement-breakpoint
-- The verbs read these for a tenant once they know whose they are: his own connection has no right on them.
do $$
declare name text;
begin
  foreach name in array array['vat_check', 'redemption', 'redemption_use', 'coupon_guess'] loop
    execute format('alter table %I enable row level security', name);
    execute format('alter table %I force row level security', name);
    execute format('create policy installation on %I to atalaya_staff, atalaya_work, %I using (true) with check (true)', name, current_user);
  end loop;
end $$;
--> statement-breakpoint
-- a customer says himself whether he buys as a business
grant update (tax_status) on account to atalaya_api;
