/** Valid reports of an invented agent, of every kind of fact; and the same, damaged at three levels. */
import { deflateRawSync } from 'node:zlib'
import { DICTIONARY, listingDigest, METRICS, Observation, PROTOCOL } from '#connectors/contract.ts'
import { mutatedBytes, mutatedText, mutatedTree } from './mutate.ts'
import type { Random } from './random.ts'
import { longText } from './values.ts'
import { isStorable } from './wire.ts'

export const NOW = Date.UTC(2026, 10, 10, 8)
const DAY_MS = 86_400_000

type Fact = Record<string, unknown>
interface Batch {
  protocol: number
  clock_offset_ms: number
  boot_id: string
  facts: unknown[]
}

export const deflated = (text: string): Uint8Array => deflateRawSync(text, { dictionary: DICTIONARY, level: 1 })

const DEVICES = ['eth0', 'vda', 'user', 'cpu', '/', '/var/lib/x', '52:54:00:7c:89:b1', 'a/b']
const STATES = ['running', 'paused', 'stopped', 'failed', 'unknown']
const KINDS = ['host', 'vm', 'volume', 'storage_pool', 'network', 'container', 'ip']

/** Mostly lately; now and then far back, or as far ahead as is allowed. */
const instant = (random: Random): number =>
  random.chance(0.9)
    ? NOW - random.below(2 * DAY_MS)
    : random.pick([0, 1, NOW - 400 * DAY_MS, NOW, NOW + DAY_MS, NOW + DAY_MS + 1, 253_402_300_799_999])

const counter = (random: Random): number | string =>
  random.chance(0.8) ? random.below(2 ** 31) : random.pick([0, 2 ** 53 - 1, '9007199254740993', '18446744073709551615'])
const gauge = (random: Random): number => random.pick([0, 0.25, -1.5, 1e300, random.below(2 ** 40)])

const ref = (random: Random) => ({
  kind: random.pick(KINDS),
  external_id: random.pick(['a', 'b', 'host-1', '/dev/sda', 'ñandú 漢']),
  ...(random.chance(0.3) ? { incarnation: random.pick(['', '1', 'b2']) } : {}),
})
const scope = (random: Random) => ({ kind: 'host', external_id: random.pick(['host-1', 'host-2']) })

function content(random: Random): Fact {
  const some = <T>(value: T) => (random.chance(0.7) ? value : undefined)
  return {
    name: random.pick(['web', 'db', 'Ünï', longText(random, 512)]),
    state: random.pick(STATES),
    size: some({ vcpu_count: random.below(64), memory_bytes: counter(random), disk_bytes: some(counter(random)) }),
    host: random.pick([null, 'host-1']),
    evidence: some({ smbios_uuid: random.uuid(), macs: ['52:54:00:7c:89:b1'], ips: ['192.0.2.1', '2001:db8::1'] }),
    attributes: some({ os: 'linux', disks: [{ target: 'vda', capacity_bytes: 7 }], deep: { a: [{ b: null }] } }),
  }
}

function series(random: Random, type: 'counter' | 'gauge'): Fact {
  const names = Object.keys(METRICS).filter((name) => METRICS[name]?.type === type)
  return Object.fromEntries(
    Array.from({ length: random.below(5) }, () => [
      random.chance(0.7) ? `${random.pick(names)}/${random.pick(DEVICES)}` : random.pick(names),
      type === 'counter' ? counter(random) : gauge(random),
    ]),
  )
}

const MAKERS: readonly ((random: Random) => Fact)[] = [
  (random) => {
    const resources = Array.from({ length: random.below(4) }, (_, at) => ({
      ...ref(random),
      external_id: `r${at}`,
      ...content(random),
    }))
    return { type: 'snapshot', ...listed(random), snapshot: random.uuid(), part: 0, parts: 1, resources }
  },
  (random) => ({ type: 'unchanged', ...listed(random) }),
  (random) => ({
    type: 'event',
    scope: scope(random),
    resource: ref(random),
    change: random.pick(['started', 'migrated', longText(random, 64)]),
    content: random.pick([null, content(random), { state: random.pick(STATES) }, {}]),
  }),
  readings,
  readings,
  readings,
  (random) => ({
    type: 'health',
    ok: random.chance(0.5),
    duration_ms: random.below(DAY_MS),
    version: '1',
    error: random.chance(0.5) ? { code: 'timeout', message: 'no answer', remedy: 'look' } : undefined,
  }),
  (random) => ({
    type: 'gap',
    from_ms: NOW - random.below(DAY_MS),
    cause: random.pick(['spool_overflow', 'spool_damaged', 'agent_down', 'source_down']),
    first_sequence: random.pick([undefined, 1, 7]),
    last_sequence: random.pick([undefined, 3, 2 ** 31]),
  }),
]

const listed = (random: Random): Fact => ({
  scope: scope(random),
  complete: random.chance(0.8),
  interval_ms: random.pick([1, 10_000, DAY_MS]),
  digest: Buffer.from(random.bytes(32)).toString('hex'),
})

function readings(random: Random): Fact {
  const origin_ms = random.pick([undefined, NOW - 3 * DAY_MS, instant(random)])
  const epoch = { id: random.pick(['boot-1', 'boot-2', longText(random, 128)]), origin_ms }
  return {
    type: 'readings',
    resource: ref(random),
    interval_ms: random.pick([1, 10_000, 60_000, DAY_MS]),
    metered: random.pick([undefined, true, false]),
    epoch: random.chance(0.8) ? { ...epoch, wrap_bits: random.pick([undefined, 32, 64]) } : undefined,
    counters: series(random, 'counter'),
    gauges: random.chance(0.5) ? series(random, 'gauge') : undefined,
  }
}

export interface Names {
  own: string
  foreign: string
}

const plain = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

function validBatch(random: Random, { own, foreign }: Names): Batch {
  const facts = Array.from({ length: random.between(1, 5) }, () =>
    digested(
      plain({
        ...random.pick(MAKERS)(random),
        source: random.chance(0.97) ? own : foreign,
        seen_at_ms: instant(random),
      }),
    ),
  )
  return {
    protocol: PROTOCOL.current,
    clock_offset_ms: random.pick([0, 0, 0, 0, -DAY_MS, 3_600_000]),
    boot_id: 'boot',
    facts,
  }
}

/** A listing's digest made to fit what it lists, where that can be read: what gets past the first check gets further. */
export function digested(fact: unknown): unknown {
  const { type, resources, complete } = (fact ?? {}) as Fact
  if (type !== 'snapshot' || !Array.isArray(resources) || typeof complete !== 'boolean' || !isStorable(fact))
    return fact
  const read = resources.slice(0, 1_000).map((resource) => Observation.safeParse(resource))
  if (!read.every(({ success }) => success)) return fact
  return {
    ...(fact as Fact),
    digest: listingDigest(
      read.flatMap(({ data }) => data ?? []),
      complete,
    ),
  }
}

export const LEVELS = ['none', 'tree', 'text', 'bytes'] as const
export type Level = (typeof LEVELS)[number]
export interface Report {
  level: Level
  body: Uint8Array
}

const SHARES = [
  { level: 'none', weight: 1 },
  { level: 'tree', weight: 12 },
  { level: 'text', weight: 6 },
  { level: 'bytes', weight: 2 },
] as const

/** A body that inflates to far more than a message may hold. */
const bomb = (random: Random): Uint8Array => deflated(' '.repeat(9 * 1024 * 1024) + random.pick(['', '{}', '[]']))
const deep = (random: Random, text: string): string => {
  const depth = random.pick([100, 7_000, 30_000, 200_000])
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
  ] as const)
  return text.replace(/:[^,{}[\]]+/, () => `:${open.repeat(depth)}1${close.repeat(depth)}`)
}

function mutated(random: Random, batch: Batch, level: Level): Uint8Array {
  if (level === 'none') return deflated(JSON.stringify(batch))
  if (level === 'tree') {
    const changed = mutatedTree(random, batch)
    if (Array.isArray(changed?.facts) && random.chance(0.5)) changed.facts = changed.facts.map(digested)
    return deflated(JSON.stringify(changed) ?? '')
  }
  if (level === 'bytes') {
    if (random.chance(0.01)) return bomb(random)
    return mutatedBytes(random, deflated(JSON.stringify(batch)))
  }
  const text = JSON.stringify(batch)
  return deflated(random.chance(0.03) ? deep(random, text) : mutatedText(random, text))
}

export function makeReport(random: Random, names: Names): Report {
  const { level } = random.weighted(SHARES)
  return { level, body: mutated(random, validBatch(random, names), level) }
}
