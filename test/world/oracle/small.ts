/** Small truths for the oracle's own tests: one cluster of two hosts, one guest, one account; a case states only what it is about. */
import type { Decision, Instant, Look, Machine, Stretch, Telling, Tick, Truth } from '../truth.ts'

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR
export const at = (text: string): Instant => Date.parse(text)
/** the beginning of the small worlds */
export const T0 = at('2026-02-01T00:00:00Z')
export const KEY = 'cluster|vm|web|1'

const SIZE = { vcpu_count: 2, memory_bytes: 4 * 2 ** 30 }
export const stretch = (
  from: Instant,
  to: Instant | null,
  host = 'h1',
  state: Stretch['state'] = 'running',
): Stretch => ({ from, to, host, state, size: SIZE })

export const machine = (life: Stretch[], other: Partial<Machine> = {}): Machine => ({
  key: KEY,
  realm: 'cluster',
  kind: 'vm',
  external_id: 'web',
  incarnation: '1',
  name: 'web',
  smbios_uuid: null,
  life,
  flows: {},
  ...other,
})

export const look = (seen_at: Instant, host = 'h1', other: Partial<Look> = {}): Look => ({
  source: host,
  realm: 'cluster',
  host,
  at: seen_at,
  seen_at,
  stored_at: seen_at,
  interval_ms: 5 * MINUTE,
  complete: true,
  omitted: [],
  ...other,
})
/** Complete listings of a host, one every `step`. */
export const looks = (from: Instant, to: Instant, host = 'h1', step = 5 * MINUTE): Look[] =>
  Array.from({ length: Math.ceil((to - from) / step) }, (_, index) => look(from + index * step, host))

export const telling = (seen_at: Instant, host: string, state: Stretch['state'] | null): Telling => ({
  source: host,
  host,
  at: seen_at,
  seen_at,
  stored_at: seen_at,
  machine: KEY,
  content: state && { state, size: SIZE },
})

const SENT = 'network_transmit_bytes/eth0'
export const tick = (seen_at: Instant, value: bigint, other: Partial<Tick> = {}): Tick => ({
  source: 'h1',
  machine: KEY,
  at: seen_at,
  seen_at,
  stored_at: seen_at,
  interval_ms: 5 * MINUTE,
  epoch: 'boot-1',
  origin: null,
  wrap_bits: null,
  counters: { [SENT]: value },
  ...other,
})

type PriceDecision = Extract<Decision, { type: 'price' }>
export const price = (
  amount: string,
  { meter = 'instance', ...other }: Partial<PriceDecision> = {},
): PriceDecision => ({
  type: 'price',
  at: T0 - 300 * DAY,
  kind: 'vm',
  meter,
  model: 'per_unit',
  per: 'hour',
  unit: 'instance',
  amount,
  effective_at: T0 - 300 * DAY,
  correction: false,
  reason: '',
  ...other,
})

export const truth = (parts: Partial<Truth>): Truth => ({
  seed: 1,
  days: 1,
  start: T0,
  end: T0 + DAY,
  currency: 'EUR',
  tax_rate: '21',
  accounts: [{ key: 'acme', zone: 'UTC', contract_from: T0 }],
  sources: ['h1', 'h2', 'h3'].map((id) => ({ id, realm: 'cluster', account: 'acme' })),
  machines: [],
  looks: [],
  tellings: [],
  ticks: [],
  losses: [],
  decisions: [],
  ...parts,
})
