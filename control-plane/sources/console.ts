/** Verbs of one source's page: all that is known of it, what people decided of it, and the list as a file. */
import { permit } from '../base/actor.ts'
import { type CsvColumns, csvTable } from '../base/csv.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, HOUR_MS, type Instant, iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { eventsOf } from '../events/index.ts'
import type { Event } from '../events/contract.ts'
import type { Source, SourceDetail, SourceVersion } from './contract.ts'
import { courseOf, errorRatio, hoursOf, type Turn } from './course.ts'
import { agentState, isSkewed, UNREADABLE } from './rules.ts'
import { selectAgent, selectKinds, selectSource, selectSourceRow, selectSources } from './store.ts'

const DAY_MS = 24 * HOUR_MS
const PAGE = 200
/** A source that flaps every minute makes so many events a day. */
const PAGES_MAX = 20

export async function sourceDetail(ctx: Context, id: string): Promise<SourceDetail> {
  permit(ctx, 'agents.read')
  const [source, row] = [await selectSource(ctx.tx, id, ctx.now()), await selectSourceRow(ctx.tx, id)]
  if (!source || !row) throw new Problem('not_found', `There is no source ${id}.`)
  const agent = sure(await selectAgent(ctx.tx, row.agent_id))
  const manifest = agent.manifests.find(({ name }) => name === row.connector)
  return {
    ...source,
    connector_version: manifest?.version ?? null,
    connector_title: manifest?.title ?? null,
    paused_at: row.paused_at === null ? null : iso(row.paused_at),
    agent_state: agentState(agent),
    agent_version: agent.version,
    clock_offset_ms: agent.clock_offset_ms,
    clock_skewed: isSkewed(agent.clock_offset_ms),
    backlog_bytes: agent.spool_bytes,
    resources: await selectKinds(ctx.tx, id),
    errors: await errorsOf(ctx, row),
  }
}

async function errorsOf(
  ctx: Context,
  { id, agent_id, created_at }: { id: string; agent_id: string; created_at: Instant },
): Promise<SourceDetail['errors']> {
  const now = ctx.now()
  const day = { from: now - DAY_MS, to: now }
  const own = await since(ctx, { subject_kind: 'source', subject_id: id }, day.from)
  const agents = await since(ctx, { subject_kind: 'agent', subject_id: agent_id, type_prefix: 'agent.' }, day.from)
  const course = courseOf([...own, ...agents].flatMap(turnOf), created_at, day)
  return {
    last_hour: errorRatio(course, { from: now - HOUR_MS, to: now }),
    last_day: errorRatio(course, day),
    hours: hoursOf(day).map((hour) => ({ from: iso(hour.from), ratio: errorRatio(course, hour) })),
    course: course.map(({ from, to, state }) => ({ from: iso(from), to: iso(to), state })),
  }
}

/** Events from an instant on, and a page of those before: what held then began there. */
async function since(
  ctx: Context,
  of: Pick<Parameters<typeof eventsOf>[2], 'subject_kind' | 'subject_id' | 'type_prefix'>,
  from: Instant,
): Promise<Event[]> {
  const out: Event[] = []
  let cursor: string | undefined
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const found = await eventsOf(ctx, 'agents.read', { ...of, limit: PAGE, cursor })
    out.push(...found.items)
    const oldest = found.items.at(-1)
    if (found.next_cursor === null || (oldest && fromIso(oldest.occurred_at) < from)) break
    cursor = found.next_cursor
  }
  return out
}

function turnOf(event: Event): Turn[] {
  const turn = (what: Turn['what'], begins: boolean): Turn[] => [{ at: fromIso(event.occurred_at), what, begins }]
  switch (event.type) {
    case 'source.failing':
      return turn('failing', true)
    case 'source.recovered':
      return turn('failing', false)
    case 'source.changed':
      return changed(event, turn)
    case 'agent.silent':
      return turn('silent', true)
    case 'agent.back':
      return turn('silent', false)
    default:
      return []
  }
}

function changed(event: Event, turn: (what: Turn['what'], begins: boolean) => Turn[]): Turn[] {
  const [was, is] = [decided(event.before), decided(event.after)]
  if (was.paused !== is.paused) return turn('paused', is.paused)
  // secrets that could not be opened were entered again
  return is.mended === UNREADABLE ? turn('failing', false) : []
}

interface Decided {
  settings: SourceVersion['settings']
  interval_ms: number
  paused: boolean
  secrets_changed: string[]
  mended: string | undefined
}
const decided = (value: Event['before']): Decided => ({
  settings: {},
  interval_ms: 0,
  paused: false,
  secrets_changed: [],
  mended: undefined,
  ...(value as Partial<Decided> | null),
})

/** What was decided of its settings, newest first: each as it was entered, which later sealing or hiding does not change. */
export async function sourceVersions(ctx: Context, id: string): Promise<SourceVersion[]> {
  permit(ctx, 'agents.read')
  if (!(await selectSourceRow(ctx.tx, id))) throw new Problem('not_found', `There is no source ${id}.`)
  const of = { subject_kind: 'source', subject_id: id, type_prefix: 'source.c' }
  const { items } = await eventsOf(ctx, 'agents.read', { ...of, limit: PAGE })
  return items.flatMap(versionOf)
}

function versionOf({ id, type, occurred_at, actor, before, after }: Event): SourceVersion[] {
  if (type !== 'source.created' && type !== 'source.changed') return []
  const [was, is] = [decided(before), decided(after)]
  const { settings, interval_ms, secrets_changed } = is
  const changes = type === 'source.created' ? [] : differences(was, is)
  if (type === 'source.changed' && changes.length === 0 && secrets_changed.length === 0) return []
  const by = { kind: actor.kind, id: actor.id, name: actor.name }
  return [{ id, decided_at: occurred_at, by, settings, interval_ms, changes, secrets_changed }]
}

function differences(was: Decided, is: Decided): SourceVersion['changes'] {
  const names = [...new Set([...Object.keys(was.settings), ...Object.keys(is.settings)])]
  const all = [
    ...names.map((field) => ({ field, before: was.settings[field] ?? null, after: is.settings[field] ?? null })),
    { field: 'interval_ms', before: was.interval_ms, after: is.interval_ms },
  ]
  return all.filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after))
}

const COLUMNS: CsvColumns<Source> = {
  id: ({ id }) => id,
  connector: ({ connector }) => connector,
  realm: ({ realm }) => realm,
  agent: ({ agent_name }) => agent_name,
  state: ({ state }) => state,
  vendor_version: ({ vendor_version }) => vendor_version,
  interval_ms: ({ interval_ms }) => interval_ms,
  last_ok_at: ({ last_ok_at }) => last_ok_at,
  lag_ms: ({ lag_ms }) => lag_ms,
  duration_ms: ({ duration_ms }) => duration_ms,
  resources: ({ resource_count }) => resource_count,
  error: ({ error }) => error?.message,
  error_since: ({ error }) => error?.since,
}

export async function sourcesCsv(ctx: Context): Promise<string> {
  permit(ctx, 'agents.read')
  const found = await selectSources(ctx.tx, ctx.now())
  return csvTable(COLUMNS, found)
}
