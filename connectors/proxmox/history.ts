/**
 * Fills the picture of a time in which nobody looked, from Proxmox VE's own records (rrddata).
 * They are averages, so they become gauges of history alone and never usage: what was counted meanwhile is in the counters,
 * which went on, and a second account of it would bill it twice. What a process counted that began and ended unseen stays unknown.
 */
import type { Collected, Kind } from '#connectors/contract.ts'
import { ConnectorError } from '#connectors/wire.ts'
import { instantMs, number, type Row, rows } from './answers.ts'
import type { CallOptions, Client } from './client.ts'
import { product } from './counters.ts'
import { pathOf } from './details.ts'
import type { Guest, Resources } from './map.ts'
import { inTurn } from './parts.ts'

const PER_TICK = 40
const WIDTH = 4
/** What each set of records reaches back to, in milliseconds. */
const FRAMES = [
  ['hour', 3_600_000],
  ['day', 86_400_000],
  ['week', 604_800_000],
] as const

interface Wanted {
  path: string
  resource: { kind: Kind; external_id: string; incarnation: string }
  from_ms: number
  to_ms: number
}
interface Look {
  seen_ms: number
  resources: Resources
  silent: ReadonlySet<string>
  known: ReadonlyMap<string, { guest: Guest; incarnation: string }>
}

export class History {
  readonly #client: Client
  #queue: Wanted[] = []

  constructor(client: Client) {
    this.#client = client
  }

  /** Some of what was missed since `last_ms`, so many at a tick; what can't be read is left out. */
  async read(
    last_ms: number,
    look: Look,
    interval_ms: number,
    until_ms: number,
    options: CallOptions,
  ): Promise<Collected[]> {
    if (last_ms > 0 && look.seen_ms - last_ms > 3 * interval_ms) this.#queue.push(...wanted(last_ms, look))
    const facts: Collected[] = []
    const batch = this.#queue.splice(0, PER_TICK)
    const left = await inTurn(batch, WIDTH, until_ms, async (one) => {
      const [frame] = FRAMES.find(([, reach_ms]) => look.seen_ms - one.from_ms < reach_ms) ?? ['month']
      try {
        const data = await this.#client.get(`${one.path}/rrddata`, { timeframe: frame, cf: 'AVERAGE' }, options)
        facts.push(...historyReadings(data, one))
      } catch (error) {
        if (!(error instanceof ConnectorError) || options.signal.aborted) throw error
      }
    })
    this.#queue.unshift(...left)
    return facts
  }
}

function wanted(from_ms: number, { seen_ms, resources, silent, known }: Look): Wanted[] {
  const span = { from_ms, to_ms: seen_ms }
  const nodes = [...resources.nodes.values()].filter(({ name, online }) => online && !silent.has(name))
  return [
    ...nodes.map(({ name }) => ({
      path: `/nodes/${encodeURIComponent(name)}`,
      resource: { kind: 'host' as const, external_id: name, incarnation: '' },
      ...span,
    })),
    ...[...known.values()]
      .filter(({ guest }) => guest.kind !== 'template')
      .map(({ guest, incarnation }) => ({
        path: pathOf(guest),
        resource: { kind: guest.kind, external_id: guest.vmid, incarnation },
        ...span,
      })),
  ]
}

/** Rows of rrddata within the span; a row that holds no value is a time in which nothing ran. */
export function historyReadings(data: unknown, { resource, from_ms, to_ms }: Omit<Wanted, 'path'>): Collected[] {
  return rows(data, 'rrddata').flatMap((row): Collected[] => {
    const at_ms = instantMs(row['time'])
    const gauges = gaugesOf(row)
    if (at_ms === undefined || at_ms <= from_ms || at_ms >= to_ms || Object.keys(gauges).length === 0) return []
    return [{ type: 'readings', seen_at_ms: at_ms, metered: false, resource, gauges }]
  })
}

function gaugesOf(row: Row): Record<string, number> {
  const used = product(number(row['cpu']), number(row['maxcpu']))
  const memory = number(row['mem']) ?? number(row['memused'])
  const gauges: Record<string, number> = {}
  if (used !== undefined) gauges['cpu_used_cores'] = used
  if (memory !== undefined && memory >= 0) gauges['memory_used_bytes'] = memory
  return gauges
}
