-- Rows that each tick changes: with room on their page a change stays there and touches no index (a heap-only tuple), and
-- the room of the old one is used again at once. Without it every change writes each index anew, and the tables grow.
alter table usage_hour set (fillfactor = 60);--> statement-breakpoint
alter table metric_last set (fillfactor = 50);--> statement-breakpoint
alter table dirty_usage set (fillfactor = 50);--> statement-breakpoint
alter table dirty_resource set (fillfactor = 50);
