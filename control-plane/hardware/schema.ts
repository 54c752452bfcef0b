/** Tables of hardware: what people say of parts, racks, and which machine stands where in them. */
import { sql } from 'drizzle-orm'
import { index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { instant } from '../db/columns.ts'
import { resource } from '../inventory/schema.ts'

/** Only ever added; one that is taken back stays with the instant of that. */
export const partEntry = pgTable(
  'part_entry',
  {
    id: uuid().primaryKey(),
    type: text().notNull(),
    serial: text().notNull(),
    state: text().$type<'in_stock' | 'retired'>().notNull(),
    model: text().notNull(),
    manufacturer: text().notNull(),
    site: text().notNull(),
    /** the shelf */
    place: text().notNull(),
    effective_at: instant().notNull(),
    note: text().notNull(),
    actor: text().notNull(),
    recorded_at: instant().notNull(),
    withdrawn_at: instant(),
    withdrawn_by: text(),
  },
  (t) => [
    index()
      .on(t.type, t.serial)
      .where(sql`withdrawn_at is null`),
  ],
)

export const rack = pgTable(
  'rack',
  {
    id: uuid().primaryKey(),
    site: text().notNull(),
    name: text().notNull(),
    unit_count: integer().notNull(),
  },
  (t) => [uniqueIndex().on(t.site, t.name)],
)

/** A machine stands on `height_units` units from `unit` upwards in [mounted_at, unmounted_at). */
export const rackMount = pgTable(
  'rack_mount',
  {
    id: uuid().primaryKey(),
    rack_id: uuid()
      .notNull()
      .references(() => rack.id),
    resource_id: uuid()
      .notNull()
      .references(() => resource.id),
    unit: integer().notNull(),
    height_units: integer().notNull(),
    mounted_at: instant().notNull(),
    unmounted_at: instant(),
    actor: text().notNull(),
    recorded_at: instant().notNull(),
    /** it was said in error */
    withdrawn_at: instant(),
  },
  (t) => [index().on(t.rack_id), index().on(t.resource_id)],
)
