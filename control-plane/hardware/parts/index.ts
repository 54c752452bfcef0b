/** Verbs of parts: where each serial is, where it was, and what people say of it. */
import { z } from 'zod'
import { permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import { type FieldError, Problem, sure } from '../../base/problem.ts'
import { fromIso, iso, type Instant } from '../../base/time.ts'
import { LIVE } from '../../db/cut.ts'
import type { Context } from '../../db/index.ts'
import { appendAll, append } from '../../events/index.ts'
import { decodeCursor, encodeCursor } from '../../http/index.ts'
import type { Page } from '../../http/contract.ts'
import { unobservedIn } from '../../inventory/index.ts'
import type { NewPartEntries, Part, PartEntry, PartHistory, PartKey, PartQuery } from '../contract.ts'
import { type MachinePlace, placesOf } from '../racks/index.ts'
import { courseOf, type Said, type Seen, type Step } from './rules.ts'
import * as store from './store.ts'

type PartSeen = Seen & { row: store.SeenRow }
type PartSaid = Said & { row: store.EntryRow }
type PartStep = Step<PartSeen, PartSaid>
interface Course {
  key: string
  steps: PartStep[]
  seen: readonly PartSeen[]
  said: readonly PartSaid[]
}

/** Words are read whole with each list, so that one rule says where a part is: so many may stand. */
const ENTRIES_MAX = 50_000

const toSaid = (row: store.EntryRow): PartSaid => ({
  id: row.id,
  state: row.state,
  at: row.effective_at,
  recorded_at: row.recorded_at,
  row,
})

/** The courses of some parts, from what was said of them and all that sources saw of them. */
async function coursesOf(
  ctx: Context,
  keys: readonly string[],
  words: readonly store.EntryRow[],
): Promise<Map<string, Course>> {
  const found = await store.seenOf(ctx, keys)
  const silences = await silencesOf(ctx, found)
  const seen = Map.groupBy(
    found.map((row): PartSeen => ({
      holder: row.machine_id ?? row.parent ?? row.scope_id,
      slot: row.slot,
      from: row.from,
      to: row.to,
      silences: silences.get(row.scope_id) ?? [],
      row,
    })),
    ({ row }) => row.key,
  )
  const said = Map.groupBy(words.map(toSaid), ({ row }) => store.keyOf(row))
  return new Map(
    keys.map((key) => {
      const [of, by] = [seen.get(key) ?? [], said.get(key) ?? []]
      return [key, { key, steps: courseOf(of, by), seen: of, said: by }]
    }),
  )
}

/** When each scope was not listed, by the rule by which the inventory calls a time unobserved; a silence that goes on has no end. */
async function silencesOf(ctx: Context, found: readonly store.SeenRow[]): Promise<Map<string, Seen['silences']>> {
  const first = found.reduce((least, row) => Math.min(least, row.from), Infinity)
  if (first === Infinity) return new Map()
  // what goes on ends with the interval, and what ended just now does not
  const to = ctx.now() + 1
  const gaps = await unobservedIn(ctx, [...new Set(found.map((row) => row.scope_id))], { from: first, to }, LIVE)
  const open = gaps.map((gap) => ({ ...gap, to: gap.to === to ? Infinity : gap.to }))
  return Map.groupBy(open, ({ scope_id }) => scope_id)
}

/** Where each part is of which somebody spoke: what no query can say without its course. */
async function spokenOf(ctx: Context): Promise<{ words: store.EntryRow[]; spoken: store.SpokenRow[] }> {
  const words = await store.entries(ctx)
  const courses = await coursesOf(ctx, [...new Set(words.map(store.keyOf))], words)
  const spoken = [...courses.values()].map(({ key, steps, said }) => {
    const last = sure(steps.at(-1))
    return {
      key,
      state: last.state,
      site: last.said?.row.site ?? '',
      model: said.findLast(({ row }) => row.model !== '')?.row.model ?? '',
    }
  })
  return { words, spoken }
}

const Cursor = z.object({ key: z.string(), sort: z.string() })

export async function listParts(ctx: Context, query: PartQuery): Promise<Page<Part>> {
  permit(ctx, 'agents.read')
  const { words, spoken } = await spokenOf(ctx)
  const found = await store.listKeys(ctx, query, spoken, decodeCursor(query.cursor, Cursor))
  const shown = found.slice(0, query.limit)
  const last = found.length > query.limit ? shown.at(-1) : undefined
  const keys = shown.map(({ key }) => key)
  const asked = new Set(keys)
  const of = words.filter((row) => asked.has(store.keyOf(row)))
  const courses = [...(await coursesOf(ctx, keys, of)).values()]
  const places = await placesIn(ctx, courses)
  return {
    items: courses.map((course) => toPart(course, places)),
    next_cursor: last ? encodeCursor(last) : null,
    total: query.cursor ? null : await store.countKeys(ctx, query, spoken),
  }
}

/** Where the machines of some courses stand now. */
const placesIn = (ctx: Context, courses: readonly Course[]): Promise<Map<string, MachinePlace>> =>
  placesOf(
    ctx,
    courses.flatMap(({ seen }) => seen.flatMap(({ row }) => row.machine_id ?? [])),
  )

/** Where a step has it; the place of a machine is that of now. */
function whereabouts({ state, seen, said, conflict }: PartStep, places: ReadonlyMap<string, MachinePlace>) {
  const row = seen?.row
  const stands = row?.machine_id ? places.get(row.machine_id) : undefined
  return {
    state,
    machine: row ? { id: row.machine_id, name: row.machine_name ?? row.parent ?? '' } : null,
    slot: row?.slot ?? null,
    site: said?.row.site ?? stands?.site ?? '',
    place: said?.row.place ?? stands?.place ?? '',
    conflict,
  }
}

function toPart({ key, steps, seen, said }: Course, places: ReadonlyMap<string, MachinePlace>): Part {
  const slash = key.indexOf('/')
  const last = sure(steps.at(-1))
  // what a source tells of a part is more than what somebody wrote
  const told = (name: 'model' | 'manufacturer') =>
    seen.findLast(({ row }) => row[name])?.row[name] ?? (said.findLast(({ row }) => row[name])?.row[name] || null)
  const newest = last.seen ?? seen.at(-1)
  return {
    type: key.slice(0, slash),
    serial: key.slice(slash + 1),
    model: told('model'),
    manufacturer: told('manufacturer'),
    health: newest?.row.health ?? null,
    resource_id: newest?.row.resource_id ?? null,
    since: iso(sinceOf(steps)),
    silent_since: last.silent_since === null ? null : iso(last.silent_since),
    ...whereabouts(last, places),
  }
}

/** Since when it is where it is: that a contradiction begins moves nothing. */
function sinceOf(steps: readonly PartStep[]): Instant {
  const last = sure(steps.at(-1))
  const isThere = (one: PartStep) =>
    one.state === last.state &&
    one.seen?.holder === last.seen?.holder &&
    one.seen?.slot === last.seen?.slot &&
    one.said?.id === last.said?.id
  return sure(steps[steps.findLastIndex((one) => !isThere(one)) + 1]).from
}

export async function partHistory(ctx: Context, wanted: PartKey): Promise<PartHistory> {
  permit(ctx, 'agents.read')
  const key = store.keyOf(wanted)
  const words = await store.entriesOf(ctx, wanted)
  const course = sure((await coursesOf(ctx, [key], words)).get(key))
  if (course.steps.length === 0)
    throw new Problem('not_found', `Neither a source nor a person has told of ${wanted.type} ${wanted.serial}.`)
  const places = await placesIn(ctx, [course])
  return {
    part: toPart(course, places),
    steps: course.steps.map((step) => ({
      from: iso(step.from),
      to: step.to === null ? null : iso(step.to),
      ...whereabouts(step, places),
    })),
    entries: words.toReversed().map(toEntry),
  }
}

const toEntry = ({ effective_at, recorded_at, ...row }: store.EntryRow): PartEntry => ({
  id: row.id,
  type: row.type,
  serial: row.serial,
  state: row.state,
  model: row.model,
  manufacturer: row.manufacturer,
  site: row.site,
  place: row.place,
  at: iso(effective_at),
  note: row.note,
  actor: row.actor,
  recorded_at: iso(recorded_at),
})

/** Says of some parts where they lie, or that they are gone: all of them or, where one is wrong, none. */
export async function addEntries(ctx: Context, { state, at, note, parts }: NewPartEntries): Promise<PartEntry[]> {
  permit(ctx, 'agents.write')
  const now = ctx.now()
  const effective_at = at === undefined ? now : fromIso(at)
  const errors = faultsIn(state, parts)
  if (effective_at > now) errors.push({ pointer: '/at', detail: 'must not lie ahead: say it once it is so' })
  if (errors.length > 0) throw new Problem('invalid', 'Some lines are wrong; nothing was recorded.', errors)
  if ((await store.countEntries(ctx)) + parts.length > ENTRIES_MAX)
    throw new Problem('conflict', `No more than ${ENTRIES_MAX} entries of parts may stand: take back old ones first.`)
  const list = parts.map((part) => ({
    ...part,
    id: newId(),
    state,
    effective_at,
    note,
    actor: ctx.actor.name,
    recorded_at: now,
    withdrawn_at: null,
    withdrawn_by: null,
  }))
  await store.insertEntries(ctx, list)
  const made = list.map(toEntry)
  await appendAll(
    ctx,
    made.map((after) => ({
      type: state === 'in_stock' ? 'part.put_into_stock' : 'part.retired',
      subject: { kind: 'part', id: store.keyOf(after) },
      account_id: null,
      after,
    })),
  )
  return made
}

const TOLD_ERRORS = 100
function faultsIn(state: NewPartEntries['state'], parts: NewPartEntries['parts']): FieldError[] {
  const known = new Set<string>()
  const out: FieldError[] = []
  for (const [index, part] of parts.entries()) {
    const key = store.keyOf(part)
    if (known.has(key)) out.push({ pointer: `/parts/${index}/serial`, detail: 'is there twice: name each part once' })
    known.add(key)
    if (state === 'in_stock' && part.site === '')
      out.push({ pointer: `/parts/${index}/site`, detail: 'must say at which site it lies' })
  }
  return out.slice(0, TOLD_ERRORS)
}

/** Takes back what was said in error: the rest decides again. Twice is once. */
export async function withdrawEntry(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'agents.write')
  const row = await store.lockEntry(ctx, id)
  if (!row) throw new Problem('not_found', `There is no entry ${id}; the history of a part lists its entries.`)
  if (row.withdrawn_at !== null) return
  await store.withdraw(ctx, id, ctx.now(), ctx.actor.name)
  await append(ctx, {
    type: 'part.entry_withdrawn',
    subject: { kind: 'part', id: store.keyOf(row) },
    before: toEntry(row),
  })
}
