/** 56,000 machines in 50 realms: what a minute costs in which nothing changed, and how fast the table of resources answers. */
import { newId } from '#control-plane/base/id.ts'
import { until } from '#agent/control-plane.fixture.ts'
import { settled } from './fleets.ts'
import { type Cost, Installation, spent } from './installation.ts'
import type { Bench, Outcome } from './main.ts'
import { INTERVAL_MS, listed, type Realm, unchanged } from './realms.ts'
import { table } from './report.ts'
import type { Sender } from './sender.ts'
import { type Asked, askAll, questionsOf, shown } from './table.ts'

const REALMS = 50
const MACHINES = 1_120
const ACCOUNTS = 8
const FULL = { machines: MACHINES, requests: 60, windows: 1, rounds: 10, window_ms: 60_000 }
const SMALL = { machines: 240, requests: 4, windows: 1, rounds: 2, window_ms: 3_000 }
const BARS = {
  /** five hundredths of a core for a minute */
  round_cpu_seconds: 3,
  /** the snapshot, the key of its report, and what was last heard of spool, agent and source */
  rows_a_realm: 6,
  p95_ms: 300,
}
const COSTED_MS_MAX = 600_000
const WARM_UP_MS = 3_000
/** PostgreSQL's own counts of rows come after a while */
const COUNTED_MS = 2_000

interface Fleet extends Realm {
  sender: Sender
  digest: string
}
interface Stage {
  installation: Installation
  accounts: string[]
  fleets: Fleet[]
  /** of the first listing; the rounds follow a minute apart each */
  began: number
}

/** Accounts that buy at one price list, the first one's key, and every machine listed, settled and with its cost. */
async function open(stage: Stage, realms: number, machines: number): Promise<void> {
  const { installation, accounts, fleets, began } = stage
  for (let n = 0; n < ACCOUNTS; n += 1)
    accounts.push((await installation.post<{ id: string }>('/accounts', { name: `Account ${n}` })).id)
  for (const kind of ['vm', 'container'])
    for (const price of [
      { meter: 'vcpu', unit: 'vCPU', amount: '0.0121' },
      { meter: 'memory', unit: 'GiB', amount: '0.0043' },
      { meter: 'disk', unit: 'GB', amount: '0.00011' },
    ])
      await installation.post('/prices', { kind, model: 'per_unit', per: 'hour', ...price })
  for (let number = 0; number < realms; number += 1) {
    const sender = await installation.addAgent(`realm-${number}`, accounts[number % ACCOUNTS])
    const realm = { source: sender.source, number, machines }
    const { parts, digest } = listed(realm, began, newId())
    fleets.push({ ...realm, sender, digest })
    await sender.send(sender.seal(parts))
  }
  await settled(installation)
  await costed(installation, realms * machines)
  await installation.sql`vacuum analyze`
}

/** Every machine is listed, and what each costs is kept beside it. */
async function costed({ sql }: Installation, machines: number): Promise<void> {
  const isKept = async () => {
    const [row] = await sql`select count(*) filter (where cost_basis is not null)::int as kept from resource`
    return row?.kept === machines
  }
  await until(isKept, 'what every machine costs is kept', COSTED_MS_MAX)
}

const LOAD_MINUTES = 75
/** An hour of load, a minute apart and minute by minute as it would have come: each row of the table draws its own. */
async function loaded({ sql }: Installation): Promise<void> {
  const now = Date.now()
  for (let minute = LOAD_MINUTES; minute > 0; minute -= 1) {
    const at = new Date(now - minute * 60_000).toISOString()
    await sql`insert into metric_sample (resource_id, seen_at, source_id, part, epoch, interval_ms, "values")
      select id, ${at}::timestamptz, source_id, 'metered', 'boot', 60000,
        jsonb_build_object('cpu_time_seconds', 1000 + ${LOAD_MINUTES - minute}::int * 13.5, 'memory_rss_bytes', 2147483648,
          'network_receive_bytes/eth0', ${LOAD_MINUTES - minute}::int * 900000, 'network_transmit_bytes/eth0', ${LOAD_MINUTES - minute}::int * 1300000)
      from resource`
  }
  await sql`vacuum analyze`
}

/** Rows that were inserted, updated and deleted so far, by table. */
async function written({ sql }: Installation): Promise<Map<string, number>> {
  await Bun.sleep(COUNTED_MS)
  const found =
    await sql`select relname as name, (n_tup_ins + n_tup_upd + n_tup_del)::int8 as count from pg_stat_user_tables`
  return new Map(found.map(({ name, count }) => [String(name), Number(count)]))
}
const difference = (after: ReadonlyMap<string, number>, before: ReadonlyMap<string, number>) =>
  new Map([...after].map(([name, count]) => [name, count - (before.get(name) ?? 0)]))

interface Window {
  cpu: Cost
  total: number
  rows: Map<string, number>
}
/** So many rounds of snapshots that say what the ones before said, within one window; none: nothing is reported. */
async function windowOf({ installation, fleets, began }: Stage, first: number, rounds: number, ms: number) {
  const before = await written(installation)
  const { total, parts } = await spent(installation, async () => {
    const ends = performance.now() + ms
    for (let n = 0; n < rounds; n += 1) {
      const at = began + (first + n) * INTERVAL_MS
      await Promise.all(
        fleets.map(({ sender, ...realm }) => sender.send(sender.seal([unchanged(realm, at, realm.digest)]))),
      )
      await Bun.sleep(Math.max(0, (ends - performance.now()) / (rounds - n + 1)))
    }
    await settled(installation)
    await Bun.sleep(Math.max(0, ends - performance.now()))
  })
  return { cpu: parts, total, rows: difference(await written(installation), before) }
}

/** What a round costs: the difference between windows with rounds and windows of the same length without. */
async function roundsOf(stage: Stage, { windows, rounds, window_ms }: typeof FULL) {
  const [still, busy]: [Window[], Window[]] = [[], []]
  // they were silent while all was settled: that they are heard again is told once, and not counted
  await windowOf(stage, 1, 1, WARM_UP_MS)
  for (let n = 0; n < windows; n += 1) {
    still.push(await windowOf(stage, 0, 0, window_ms))
    busy.push(await windowOf(stage, 2 + n * rounds, rounds, window_ms))
  }
  const sum = (list: readonly Window[], of: (one: Window) => number) => list.reduce((all, one) => all + of(one), 0)
  const each = (of: (one: Window) => number) => (sum(busy, of) - sum(still, of)) / (windows * rounds)
  const tables = new Set(busy.flatMap(({ rows }) => [...rows.keys()]))
  const rows = [...tables].map((name): [string, number] => [name, each((one) => one.rows.get(name) ?? 0)])
  return {
    cpu_seconds: each(({ total }) => total),
    parts: {
      control_plane: each(({ cpu }) => cpu.control_plane),
      postgres: each(({ cpu }) => cpu.postgres),
      nats: each(({ cpu }) => cpu.nats),
    },
    still_cpu_seconds_a_minute: (sum(still, ({ total }) => total) / windows / window_ms) * 60_000,
    rows_a_realm: rows.reduce((all, [, count]) => all + count, 0) / stage.fleets.length,
    rows: Object.fromEntries(rows.filter(([, count]) => count >= 0.5).toSorted(([, a], [, b]) => b - a)),
  }
}
type Rounds = Awaited<ReturnType<typeof roundsOf>>

function told(rounds: Rounds): string {
  const { cpu_seconds, parts, rows_a_realm } = rounds
  const head = ['a round in which nothing changed', 'CPU s', '']
  return table([
    head,
    ...Object.entries(parts).map(([name, seconds]) => [name, seconds.toFixed(3), '']),
    [
      `together, at most ${BARS.round_cpu_seconds}`,
      cpu_seconds.toFixed(3),
      cpu_seconds <= BARS.round_cpu_seconds ? '✓' : '✗',
    ],
    ['a minute without reports', rounds.still_cpu_seconds_a_minute.toFixed(3), ''],
    [
      `rows written a realm, at most ${BARS.rows_a_realm}`,
      rows_a_realm.toFixed(2),
      rows_a_realm <= BARS.rows_a_realm ? '✓' : '✗',
    ],
    ...Object.entries(rounds.rows).map(([name, count]) => [`  rows of ${name}`, count.toFixed(1), '']),
  ])
}

/** `size`: realms; fewer than all of them are small ones, and are asked less. */
async function run({ size = REALMS }: { size?: number | undefined }): Promise<Outcome> {
  const scale = size < REALMS ? SMALL : FULL
  const installation = await Installation.start()
  const began = Date.now() - (scale.windows * scale.rounds + 10) * INTERVAL_MS
  const stage: Stage = { installation, accounts: [], fleets: [], began }
  try {
    await open(stage, size, scale.machines)
    const rounds = await roundsOf(stage, scale)
    console.log(`\n${told(rounds)}`)
    const wanted = { name: 'tenant', role: 'tenant_owner', account_id: stage.accounts[0] }
    const tenant = await installation.post<{ token: string }>('/api-keys', wanted)
    await loaded(installation)
    await installation.onlyAnswer()
    const limits = { requests: scale.requests, p95_ms_max: BARS.p95_ms }
    const of = (accounts: readonly string[]) => questionsOf(size, scale.machines, accounts.slice(0, size))
    const staff = await askAll(installation, installation.key, of(stage.accounts), limits)
    console.log(`\n${shown('all machines', staff)}`)
    // the first realm is his: what he looks for is in there
    const his = questionsOf(1, scale.machines, stage.accounts.slice(0, 1))
    const own = await askAll(installation, tenant.token, his, limits)
    console.log(`\n${shown('a tenant’s', own)}\n`)
    const isKept = ({ pass }: Asked) => pass
    return {
      pass:
        rounds.cpu_seconds <= BARS.round_cpu_seconds &&
        rounds.rows_a_realm <= BARS.rows_a_realm &&
        [...staff, ...own].every(isKept),
      realms: size,
      machines: size * scale.machines,
      round: rounds,
      table: { staff, tenant: own },
      bars: BARS,
    }
  } finally {
    await Promise.all(stage.fleets.map(({ sender }) => sender.close()))
    await installation.end()
  }
}

export const bench: Bench = {
  title: '56,000 machines in 50 realms: a minute in which nothing changed, and the table by search, cost and filter',
  run,
}
