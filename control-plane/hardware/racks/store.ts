/** The SQL of racks and of what stands in them. */
import { and, asc, eq, gt, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Kind, State } from '#connectors/contract.ts'
import type { Instant } from '../../base/time.ts'
import { arrayText, type Context, ms, rows } from '../../db/index.ts'
import { rack, rackMount } from '../schema.ts'

export type RackRow = typeof rack.$inferSelect
export type MountRow = typeof rackMount.$inferSelect

export const insertRack = async ({ tx }: Context, row: RackRow): Promise<void> => {
  await tx.insert(rack).values(row)
}
export const updateRack = async ({ tx }: Context, { id, ...row }: RackRow): Promise<void> => {
  await tx.update(rack).set(row).where(eq(rack.id, id))
}
export const countRacks = ({ tx }: Context): Promise<number> => tx.$count(rack)
/** By site and name. */
export const selectRacks = ({ tx }: Context, limit: number): Promise<RackRow[]> =>
  tx.select().from(rack).orderBy(asc(rack.site), asc(rack.name)).limit(limit)
export async function findRack({ tx }: Context, id: string): Promise<RackRow | null> {
  const [row] = await tx.select().from(rack).where(eq(rack.id, id))
  return row ?? null
}
/** Held until the transaction ends: what stands in it changes one after the other. */
export async function lockRack({ tx }: Context, id: string): Promise<RackRow | null> {
  const [row] = await tx.select().from(rack).where(eq(rack.id, id)).for('no key update')
  return row ?? null
}

/** What may stand in a rack, by the eye that is billed for it. */
export interface MachineRow {
  id: string
  kind: Kind
  name: string
  state: State
  ended: boolean
  attributes: Record<string, unknown>
}
const machineColumns = sql`m.id, m.kind, m.name, m.state, m.ended_at is not null as ended, m.attributes`
const MAY_STAND = sql`(m.kind = 'host' or (m.kind = 'component' and m.attributes->>'type' = 'chassis'))`
/** Held until the transaction ends: it stands in one place at a time. */
export async function lockMachine({ tx }: Context, id: string): Promise<MachineRow | null> {
  const [row] = await rows<MachineRow>(
    tx,
    sql`select ${machineColumns} from resource m where m.first_seen_at is not null and ${MAY_STAND}
          and m.id = (select coalesce(e.covered_by, e.id) from resource e where e.id = ${id}::uuid) for no key update`,
  )
  return row ?? null
}
/** Those whose BMC names a rack, and of which nobody has said where they stand. */
export const toldMachines = ({ tx }: Context, rack_name: string, limit: number): Promise<MachineRow[]> =>
  rows(
    tx,
    sql`select ${machineColumns} from resource m
        where ${MAY_STAND} and m.ended_at is null and m.first_seen_at is not null and m.covered_by is null
          and lower(m.attributes->'location'->>'rack') = lower(${rack_name})
          and not exists (select from rack_mount t where t.resource_id = m.id and t.withdrawn_at is null and t.unmounted_at is null)
        order by m.name, m.id limit ${limit}`,
  )

export const insertMount = async ({ tx }: Context, row: MountRow): Promise<void> => {
  await tx.insert(rackMount).values(row)
}
export async function lockMount({ tx }: Context, id: string): Promise<MountRow | null> {
  const [row] = await tx
    .select()
    .from(rackMount)
    .where(and(eq(rackMount.id, id), isNull(rackMount.withdrawn_at)))
    .for('update')
  return row ?? null
}
export const endMount = async ({ tx }: Context, id: string, unmounted_at: Instant): Promise<void> => {
  await tx.update(rackMount).set({ unmounted_at }).where(eq(rackMount.id, id))
}
export const withdrawMount = async ({ tx }: Context, id: string, withdrawn_at: Instant): Promise<void> => {
  await tx.update(rackMount).set({ withdrawn_at }).where(eq(rackMount.id, id))
}
/** All of a rack or of a machine that end after an instant. */
export const mountsAfter = (
  { tx }: Context,
  of: { rack_id: string } | { resource_id: string },
  from: Instant,
): Promise<MountRow[]> =>
  tx
    .select()
    .from(rackMount)
    .where(
      and(
        'rack_id' in of ? eq(rackMount.rack_id, of.rack_id) : eq(rackMount.resource_id, of.resource_id),
        isNull(rackMount.withdrawn_at),
        or(isNull(rackMount.unmounted_at), gt(rackMount.unmounted_at, from)),
      ),
    )

export type MountedRow = Omit<MountRow, 'withdrawn_at'> & {
  site: string
  rack: string
  machine: MachineRow
}
async function mounted({ tx }: Context, where: SQL): Promise<MountedRow[]> {
  type Found = Omit<MountedRow, 'machine' | 'mounted_at' | 'unmounted_at' | 'recorded_at'> & {
    [at in 'mounted_at' | 'unmounted_at' | 'recorded_at']: string
  } & Omit<MachineRow, 'id'>
  const found = await rows<Found>(
    tx,
    sql`select t.id, t.rack_id, t.resource_id, t.unit, t.height_units, t.actor, ${ms(sql`t.mounted_at`)} as mounted_at,
          ${ms(sql`t.unmounted_at`)} as unmounted_at, ${ms(sql`t.recorded_at`)} as recorded_at, k.site, k.name as rack,
          m.kind, m.name, m.state, m.ended_at is not null as ended, m.attributes
        from rack_mount t join rack k on k.id = t.rack_id join resource m on m.id = t.resource_id
        where t.withdrawn_at is null and ${where} order by t.mounted_at desc, t.id desc`,
  )
  return found.map(({ kind, name, state, ended, attributes, ...row }) => ({
    ...row,
    mounted_at: Number(row.mounted_at),
    unmounted_at: row.unmounted_at === null ? null : Number(row.unmounted_at),
    recorded_at: Number(row.recorded_at),
    machine: { id: row.resource_id, kind, name, state, ended, attributes },
  }))
}
/** What stands now in one rack, or in all of them. */
export const standing = (ctx: Context, rack_id?: string): Promise<MountedRow[]> =>
  mounted(ctx, sql`t.unmounted_at is null ${rack_id === undefined ? sql`` : sql`and t.rack_id = ${rack_id}::uuid`}`)
/** Where one machine stood, newest first. */
export const mountsOf = (ctx: Context, resource_id: string): Promise<MountedRow[]> =>
  mounted(
    ctx,
    sql`t.resource_id = (select coalesce(e.covered_by, e.id) from resource e where e.id = ${resource_id}::uuid)`,
  )
export const mountById = (ctx: Context, id: string): Promise<MountedRow[]> => mounted(ctx, sql`t.id = ${id}::uuid`)

export interface PlaceRow {
  id: string
  attributes: Record<string, unknown>
  site: string | null
  rack: string | null
  unit: number | null
  height_units: number | null
}
/** Where machines stand now: by hand, and what they say themselves. */
export const places = ({ tx }: Context, ids: readonly string[]): Promise<PlaceRow[]> =>
  rows(
    tx,
    sql`select m.id, jsonb_build_object('location', m.attributes->'location') as attributes, k.site, k.name as rack, t.unit, t.height_units
        from resource m left join rack_mount t on t.resource_id = m.id and t.withdrawn_at is null and t.unmounted_at is null
        left join rack k on k.id = t.rack_id where m.id = any(${arrayText(ids)}::uuid[])`,
  )
