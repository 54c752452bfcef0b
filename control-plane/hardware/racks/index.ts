/** Verbs of racks: where machines stand by hand, beside what their BMCs say. */
import { permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import { Problem, sure } from '../../base/problem.ts'
import { fromIso, iso } from '../../base/time.ts'
import { type Context, databaseError } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { NewRack, NewRackMount, Rack, RackChange, RackDetail, RackMount } from '../contract.ts'
import { differs, isToldHere, meetInTime, overlap, toldIn, topOf, unitsText } from './rules.ts'
import * as store from './store.ts'

const RACKS_MAX = 2_000
const TOLD_MAX = 500

/** Where a machine stands now, in words. */
export interface MachinePlace {
  site: string
  place: string
}
/** Of those of which nobody says where they stand, what their BMC says. */
export async function placesOf(ctx: Context, ids: readonly string[]): Promise<Map<string, MachinePlace>> {
  const found = ids.length === 0 ? [] : await store.places(ctx, [...new Set(ids)])
  return new Map(
    found.map(({ id, attributes, site, rack, unit, height_units }) => {
      if (site !== null && rack !== null && unit !== null && height_units !== null)
        return [id, { site, place: `${rack} ${unitsText({ unit, height_units })}` }]
      const told = toldIn(attributes)
      const place = [told?.row, told?.rack, told?.unit == null ? null : `U${told.unit}`].filter(Boolean).join(' ')
      return [id, { site: told?.site ?? '', place }]
    }),
  )
}

export async function listRacks(ctx: Context): Promise<Rack[]> {
  permit(ctx, 'agents.read')
  const mounts = Map.groupBy(await store.standing(ctx), (row) => row.rack_id)
  return (await store.selectRacks(ctx, RACKS_MAX)).map((row) => toRack(row, mounts.get(row.id) ?? []))
}

const toRack = (row: store.RackRow, mounts: readonly store.MountedRow[]): Rack => ({
  ...row,
  units_taken: mounts.reduce((sum, one) => sum + one.height_units, 0),
  machines: mounts.length,
  differences: mounts.filter((one) => toMount(one).differs).length,
})

function toMount(row: store.MountedRow): RackMount {
  const { id, kind, name, state, ended, attributes } = row.machine
  const told = toldIn(attributes)
  const rack = { id: row.rack_id, site: row.site, name: row.rack }
  return {
    id: row.id,
    rack,
    machine: { id, kind, name, state, ended },
    unit: row.unit,
    height_units: row.height_units,
    from: iso(row.mounted_at),
    to: row.unmounted_at === null ? null : iso(row.unmounted_at),
    actor: row.actor,
    recorded_at: iso(row.recorded_at),
    told,
    differs: differs(told, rack, row),
  }
}

const noRack = (id: string) => new Problem('not_found', `There is no rack ${id}; GET /hardware/racks lists them.`)
const isTaken = (error: unknown) => databaseError(error)?.constraint === 'rack_site_name_index'
const taken = ({ site, name }: Pick<Rack, 'site' | 'name'>) =>
  new Problem('conflict', `There is a rack ${name} at ${site} already: call this one otherwise.`, [
    { pointer: '/name', detail: 'is taken at this site' },
  ])

export async function createRack(ctx: Context, input: NewRack): Promise<Rack> {
  permit(ctx, 'agents.write')
  if ((await store.countRacks(ctx)) >= RACKS_MAX)
    throw new Problem('conflict', `There are ${RACKS_MAX} racks, which is as many as may be.`)
  const row = { ...input, id: newId() }
  try {
    await store.insertRack(ctx, row)
  } catch (error) {
    throw isTaken(error) ? taken(row) : error
  }
  const made = toRack(row, [])
  await append(ctx, { type: 'rack.created', subject: { kind: 'rack', id: row.id }, after: row })
  return made
}

/** Throws `conflict` where it would become lower than what stands in it. */
export async function changeRack(ctx: Context, id: string, change: RackChange): Promise<Rack> {
  permit(ctx, 'agents.write')
  const before = await store.lockRack(ctx, id)
  if (!before) throw noRack(id)
  const { site = before.site, name = before.name, unit_count = before.unit_count } = change
  const row = { id, site, name, unit_count }
  const mounts = await store.standing(ctx, id)
  const above = mounts.find((one) => topOf(one) > unit_count)
  if (above)
    throw new Problem('conflict', `${above.machine.name} stands on ${unitsText(above)}: take it out first.`, [
      { pointer: '/unit_count', detail: `must be at least ${topOf(above)}` },
    ])
  try {
    await store.updateRack(ctx, row)
  } catch (error) {
    throw isTaken(error) ? taken(row) : error
  }
  await append(ctx, { type: 'rack.changed', subject: { kind: 'rack', id }, before, after: row })
  return toRack(
    row,
    mounts.map((one) => ({ ...one, site, rack: name })),
  )
}

export async function getRack(ctx: Context, id: string): Promise<RackDetail> {
  permit(ctx, 'agents.read')
  const row = await store.findRack(ctx, id)
  if (!row) throw noRack(id)
  const mounts = await store.standing(ctx, id)
  const told = (await store.toldMachines(ctx, row.name, TOLD_MAX)).flatMap(({ attributes, ...machine }) => {
    const place = toldIn(attributes)
    return isToldHere(place, row) ? [{ machine, told: place }] : []
  })
  return { rack: toRack(row, mounts), mounts: mounts.toSorted((a, b) => b.unit - a.unit).map(toMount), told }
}

/** Where one machine stands and stood, newest first. */
export async function listMounts(ctx: Context, resource_id: string): Promise<RackMount[]> {
  permit(ctx, 'agents.read')
  return (await store.mountsOf(ctx, resource_id)).map(toMount)
}

const refusal = (pointer: string, detail: string, text: string, code: 'conflict' | 'invalid' = 'conflict') =>
  new Problem(code, text, [{ pointer, detail }])

/** Throws `invalid` where it wouldn't fit into the rack, `conflict` where something stands there or it stands elsewhere. */
export async function mount(ctx: Context, input: NewRackMount): Promise<RackMount> {
  permit(ctx, 'agents.write')
  const now = ctx.now()
  const mounted_at = input.from === undefined ? now : fromIso(input.from)
  if (mounted_at > now) throw refusal('/from', 'must not lie ahead', 'Say it once the machine stands there.', 'invalid')
  const rack = await store.lockRack(ctx, input.rack_id)
  if (!rack) throw noRack(input.rack_id)
  const machine = await store.lockMachine(ctx, input.resource_id)
  if (!machine)
    throw refusal(
      '/resource_id',
      'must be a host or a chassis',
      `${input.resource_id} is no machine that may stand in a rack: take a host, or the chassis that several share.`,
      'invalid',
    )
  const row = {
    id: newId(),
    rack_id: rack.id,
    resource_id: machine.id,
    unit: input.unit,
    height_units: input.height_units,
    mounted_at,
    unmounted_at: null,
    actor: ctx.actor.name,
    recorded_at: now,
    withdrawn_at: null,
  }
  if (topOf(row) > rack.unit_count)
    throw refusal(
      '/unit',
      `must lie within U1 to U${rack.unit_count}`,
      `${unitsText(row)} lies outside: ${rack.name} has ${rack.unit_count} units.`,
      'invalid',
    )
  await refuseOverlap(ctx, row)
  await store.insertMount(ctx, row)
  const made = toMount(sure((await store.mountById(ctx, row.id))[0]))
  await append(ctx, { type: 'rack.mounted', subject: { kind: 'rack', id: rack.id }, after: made })
  return made
}

async function refuseOverlap(ctx: Context, row: store.MountRow): Promise<void> {
  const there = (await store.mountsAfter(ctx, { rack_id: row.rack_id }, row.mounted_at)).find((one) =>
    overlap(one, row),
  )
  if (there) {
    const [other] = await store.mountById(ctx, there.id)
    throw refusal(
      '/unit',
      'is taken at that time',
      `${sure(other).machine.name} stands on ${unitsText(there)} at that time: take it out first, or choose other units.`,
    )
  }
  const elsewhere = (await store.mountsAfter(ctx, { resource_id: row.resource_id }, row.mounted_at)).find((one) =>
    meetInTime(one, row),
  )
  if (!elsewhere) return
  const other = sure((await store.mountById(ctx, elsewhere.id))[0])
  throw refusal(
    '/resource_id',
    'stands in another place at that time',
    `${other.machine.name} stands in ${other.rack} at ${other.site} on ${unitsText(other)}: take it out there first.`,
  )
}

/** Takes a machine out of its rack from an instant on; from the one at which it came: it was never there. */
export async function unmount(ctx: Context, id: string, at: string | undefined): Promise<void> {
  permit(ctx, 'agents.write')
  const now = ctx.now()
  const found = await store.lockMount(ctx, id)
  if (!found) throw new Problem('not_found', `There is no mount ${id}; GET /hardware/racks/{id} lists those of a rack.`)
  if (found.unmounted_at !== null) return
  const when = at === undefined ? now : fromIso(at)
  if (when > now || when < found.mounted_at)
    throw refusal('/at', `must lie from ${iso(found.mounted_at)} to now`, 'It did not stand there then.', 'invalid')
  const before = toMount(sure((await store.mountById(ctx, id))[0]))
  if (when === found.mounted_at) await store.withdrawMount(ctx, id, now)
  else await store.endMount(ctx, id, when)
  await append(ctx, {
    type: 'rack.unmounted',
    subject: { kind: 'rack', id: found.rack_id },
    before,
    after: { at: iso(when) },
  })
}
