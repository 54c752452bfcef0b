/** Reports of 1,000 machines from the wire to their usage, beside a bare binary COPY of the same samples. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Copying } from './copy.ts'
import { INTERVAL_MS, SAMPLES_PER_READING } from './fleet.ts'
import { Fleets, settled } from './fleets.ts'
import { Installation, spent } from './installation.ts'
import type { Bench, Outcome } from './main.ts'
import { judgeRate, type Round, showRate, type Work } from './rate.ts'
import { recompute } from './recompute.ts'
import type { Part } from './source.ts'
import { Worker } from './worker.ts'

const AGENTS = 2
const MACHINES = 1_000
/** reports of each agent in each round */
const REPORTS = 30
const ROUNDS = 3
const RATIO_MIN = 0.2

/** What a peer copies into an empty table that is made like another one, with its indexes. */
interface Peer {
  name: string
  like: string
  rows: string
}
const SAMPLES = 'bench_sample'
/** A sample: one metric of one resource at one instant, with its value, in a table that finds it again and holds it once. */
const SAMPLE_TABLE = `create table if not exists ${SAMPLES} (resource_id uuid not null, seen_at timestamptz(3) not null,
  metric text not null, value numeric not null, primary key (resource_id, seen_at, metric))`
/** The samples as rows of their own: what the bar takes. */
const AS_SAMPLES: readonly Peer[] = [
  {
    name: 'peer_sample',
    like: SAMPLES,
    rows: `select resource_id, seen_at, key, value::text::numeric from metric_sample, jsonb_each("values")`,
  },
]
/** The rows that ingest stores them in, ten samples each: what is never parsed nor folded together again. */
const AS_STORED: readonly Peer[] = [
  { name: 'peer_reading', like: 'reading', rows: 'select * from reading' },
  { name: 'peer_metric_sample', like: 'metric_sample', rows: 'select * from metric_sample' },
]

const samplesOf = (parts: readonly Part[]): number =>
  parts.reduce((sum, { reports, fleet }) => sum + reports * fleet.machines * SAMPLES_PER_READING, 0)

/** From the first report on the wire until the usage of every hour says all of them. */
async function ingested(installation: Installation, parts: readonly Part[]): Promise<Work & { parts: object }> {
  const file = join(installation.folder, 'parts.json')
  writeFileSync(file, JSON.stringify(parts))
  const load = new Worker('source.ts', file)
  await load.line()
  const cost = await spent(installation, async () => {
    load.say('go')
    await load.line()
    await settled(installation)
  })
  await checkUsage(installation)
  return { units: samplesOf(parts), cpu_seconds: cost.total, parts: cost.parts }
}

/** What was measured is worth nothing if it is wrong: usage is the newest reading less the first, for every machine. */
async function checkUsage({ sql }: Installation): Promise<void> {
  const [row] = await sql`
    with counted as (select resource_id, sum(quantity) as quantity from usage_hour
        where meter = 'network_receive_bytes' and cut_to is null group by 1),
      read as (select resource_id, max(value) - min(value) as quantity from
        (select resource_id, (counters->>'network_receive_bytes/eth0')::numeric as value from reading) as each group by 1)
    select count(*) as wrong from read left join counted using (resource_id)
    where read.quantity <> coalesce(counted.quantity, 0)`
  if (Number(row?.wrong) !== 0) throw new Error(`The usage of ${row?.wrong} machines is not what their readings say.`)
}

/** The samples of a round, copied into empty tables. */
async function copied(installation: Installation, parts: readonly Part[], peers: readonly Peer[]): Promise<Work> {
  const { sql, folder, superuserUrl: url, postgresData } = installation
  const [{ from, reports }] = parts as [Part]
  const [first, last] = [new Date(from), new Date(from + reports * INTERVAL_MS)].map((at) => at.toISOString())
  const tables: Copying['tables'] = []
  await sql.unsafe(SAMPLE_TABLE)
  for (const { name, like, rows } of peers) {
    const file = join(postgresData, `${name}.rows`)
    await sql.unsafe(`drop table if exists ${name}; create table ${name} (like ${like} including all)`)
    const within = `${rows} where seen_at >= '${first}' and seen_at < '${last}' order by seen_at, resource_id`
    await sql.unsafe(`copy (${within}) to '${file}' with (format binary)`)
    tables.push({ name, file })
  }
  const file = join(folder, 'copy.json')
  writeFileSync(file, JSON.stringify({ url, tables } satisfies Copying))
  const copy = new Worker('copy.ts', file)
  await copy.line()
  let client_seconds = 0
  const { postgres } = await spent(installation, async () => {
    copy.say('go')
    client_seconds = Number(await copy.line())
  }).then((cost) => cost.parts)
  return { units: samplesOf(parts), cpu_seconds: postgres + client_seconds }
}

/** `size`: reports of each agent in each round; a tenth of the usual or less is for trying, with fewer machines. */
async function run({ size = REPORTS }: { size?: number | undefined }): Promise<Outcome> {
  const installation = await Installation.start()
  const machines = size * 10 > REPORTS ? MACHINES : MACHINES / 20
  const now = Date.now()
  const fleets = new Fleets(installation, machines, now - 3 * 3_600_000)
  try {
    console.log(`  ${ROUNDS} rounds of ${size} reports from each of ${AGENTS} agents with ${machines} machines`)
    await fleets.begin(Array.from({ length: AGENTS }, () => undefined))
    const [rounds, stored, costs]: [Round[], Round[], object[]] = [[], [], []]
    for (let round = 0; round < ROUNDS; round += 1) {
      const parts = fleets.next(size)
      const ours = await ingested(installation, parts)
      costs.push(ours.parts)
      rounds.push({ ours, theirs: await copied(installation, parts, AS_SAMPLES) })
      stored.push({ ours, theirs: await copied(installation, parts, AS_STORED) })
    }
    const samples = judgeRate(rounds, RATIO_MIN)
    const as_stored = judgeRate(stored, 0)
    console.log(`\n${showRate('samples a processor second', ['ingest to usage', 'bare COPY'], rounds, samples)}`)
    console.log(`  beside a COPY of the packed rows that it stores: ${as_stored.ratio.toFixed(3)}×`)
    const late = await recompute(installation, now, ROUNDS)
    console.log(
      `  a late snapshot and reading a month back: ${late.seconds.toFixed(2)} s (at most ${late.seconds_max} s),`,
    )
    console.log(
      `  ${late.rows_own} rows of the resource written, ${late.rows_others} of others ${late.pass ? '✓' : '✗'}\n`,
    )
    return { pass: samples.pass && late.pass, reports: size, machines, samples, as_stored, late, cpu_seconds: costs }
  } finally {
    await fleets.end()
    await installation.end()
  }
}

export const bench: Bench = {
  title: 'reports to usage, beside a bare COPY of the same samples: samples a processor second',
  run,
}
