/** The frame of a seed's world: when it plays, who buys, which clusters there are and how often they are looked at. Pure. */
import type { Instant } from './truth.ts'
import { Random } from './random.ts'

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** Where customers live: whole-hour and half-hour summer time, none at all, and ahead of UTC by most of a day. */
export const ZONES = ['Europe/Madrid', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata'] as const

/** What a world is laid around, in local time of one of the zones. */
const TURNS = [
  { name: 'the end of a month', local: '2026-04-30T00:00' },
  { name: 'summer time begins in Madrid', local: '2026-03-29T02:00' },
  { name: 'summer time ends in Madrid', local: '2026-10-25T03:00' },
  { name: '29 February', local: '2028-02-29T00:00' },
  { name: 'the end of a year', local: '2026-12-31T12:00' },
  { name: 'summer time begins in New York', local: '2026-03-08T02:00' },
  { name: 'summer time ends in New York', local: '2026-11-01T02:00' },
  { name: 'summer time ends on Lord Howe Island', local: '2026-04-05T02:00' },
  { name: 'summer time begins on Lord Howe Island', local: '2026-10-04T02:00' },
] as const

export interface HostPlan {
  realm: string
  name: string
  agent: string
  source: string
}
export interface Plan {
  seed: number
  days: number
  random: Random
  turn: string
  start: Instant
  end: Instant
  currency: 'EUR' | 'JPY' | 'KWD'
  tax_rate: string
  accounts: { key: string; zone: string; contract_from: Instant }[]
  hosts: HostPlan[]
  /** account of a cluster's first finds; null: nobody's */
  owners: Record<string, string | null>
  tick_ms: number
  look_ms: number
  /** how long an agent gathers facts before it makes a batch of them */
  batch_ms: number
}

/** One agent a host, and one agent that reaches the whole cluster. */
const CLUSTERS = [
  { realm: 'alpha', hosts: ['a1', 'a2', 'a3'], agents: 'each' },
  { realm: 'beta', hosts: ['b1', 'b2', 'b3'], agents: 'one' },
] as const

const instantIn = (local: string, zone: string): Instant =>
  Temporal.PlainDateTime.from(local).toZonedDateTime(zone).epochMilliseconds

/** Seeds go round the turns and zones, so that few seeds meet all of them. */
function startOf(seed: number, days: number, random: Random): { turn: string; start: Instant } {
  const turn = TURNS[seed % TURNS.length] ?? TURNS[0]
  const zone = ZONES[Math.floor(seed / TURNS.length) % ZONES.length] ?? ZONES[0]
  const before_ms = random.int(Math.floor((days * DAY_MS) / 4), Math.floor((days * DAY_MS) / 2))
  return { turn: `${turn.name} (${zone})`, start: instantIn(turn.local, zone) - before_ms }
}

export function planOf(seed: number, days: number): Plan {
  const random = new Random(seed, 'world')
  const frame = random.of('frame')
  const { turn, start } = startOf(seed, days, frame)
  const accounts = ZONES.map((zone, index) => ({
    key: ['acme', 'bolt', 'cima', 'duero'][index] ?? zone,
    zone,
    contract_from: start - frame.pick([HOUR_MS, 5 * HOUR_MS, 3 * DAY_MS]),
  }))
  return {
    seed,
    days,
    random,
    turn,
    start,
    end: start + days * DAY_MS,
    currency: frame.pick(['EUR', 'EUR', 'JPY', 'KWD']),
    tax_rate: frame.pick(['21.00', '10.00', '7.25', '4.00']),
    accounts,
    hosts: CLUSTERS.flatMap(({ realm, hosts, agents }) =>
      hosts.map((name) => {
        const agent = agents === 'one' ? `${realm}` : `${realm}-${name}`
        return { realm, name, agent, source: `${agent}/${realm}` }
      }),
    ),
    owners: { alpha: 'acme', beta: 'bolt' },
    ...pace(days, frame),
  }
}

/** A long world is looked at less often: facts of a seed stay within tens of thousands. */
function pace(days: number, random: Random): Pick<Plan, 'tick_ms' | 'look_ms' | 'batch_ms'> {
  if (days > 7) return { tick_ms: 60 * MINUTE_MS, look_ms: 120 * MINUTE_MS, batch_ms: 12 * HOUR_MS }
  return {
    tick_ms: random.pick([15, 20, 30]) * MINUTE_MS,
    look_ms: random.pick([45, 60, 90]) * MINUTE_MS,
    batch_ms: random.pick([120, 150, 180]) * MINUTE_MS,
  }
}

/** How the realms of eyes within a guest begin, which are their agents' names, too. */
export const WITHIN = { host: 'machine-', node: 'kube-' } as const
export const isWithin = (realm: string): boolean => Object.values(WITHIN).some((start) => realm.startsWith(start))

/** An agent within one guest gathers for longer than one that reads a whole hypervisor. */
export const gatheringOf = ({ batch_ms }: Plan, agent: string): number => (isWithin(agent) ? 3 * batch_ms : batch_ms)
