CREATE TABLE "account_tree" (
	"ancestor_id" uuid NOT NULL,
	"account_id" uuid NOT NULL,
	"depth" integer NOT NULL,
	CONSTRAINT "account_tree_ancestor_id_account_id_pk" PRIMARY KEY("ancestor_id","account_id")
);
--> statement-breakpoint
ALTER TABLE "account" ADD COLUMN "parent_id" uuid;--> statement-breakpoint
ALTER TABLE "credential" ADD COLUMN "account_id" uuid;--> statement-breakpoint
ALTER TABLE "account_tree" ADD CONSTRAINT "account_tree_ancestor_id_account_id_fk" FOREIGN KEY ("ancestor_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "account_tree" ADD CONSTRAINT "account_tree_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_tree_account_id_index" ON "account_tree" USING btree ("account_id");--> statement-breakpoint
ALTER TABLE "account" ADD CONSTRAINT "account_parent_id_account_id_fk" FOREIGN KEY ("parent_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credential" ADD CONSTRAINT "credential_account_id_account_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."account"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "credential_account_id_index" ON "credential" USING btree ("account_id");--> statement-breakpoint
insert into account_tree (ancestor_id, account_id, depth) select id, id, 0 from account;
--> statement-breakpoint
-- The accounts that one who acts for this account reaches: itself and those below it.
create function reach(ancestor uuid) returns setof uuid language sql stable as $$
  select account_id from account_tree where ancestor_id = $1
$$;
