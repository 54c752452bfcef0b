/** A month of many accounts from rows in PostgreSQL to drafts, invoices and explanations; and the function beneath it, in memory. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Interval, monthOf } from '#control-plane/base/time.ts'
import { type Cost, Installation, spent } from './installation.ts'
import type { Bench, Outcome } from './main.ts'
import { fillMonth, pricesOf } from './month.ts'
import { MACHINES_EACH, SEGMENTS_A_MACHINE } from './month-plan.ts'
import { expected } from './month-truth.ts'
import { peakDuring } from './own-memory.ts'
import { judgeRate, type Round, showRate } from './rate.ts'
import { factsOf, ratedInMemory, ratedInSql, recordsIn, storeRecords } from './rating-memory.ts'
import { table } from './report.ts'

const ACCOUNTS = 2_000
const BARS = {
  draft_seconds: 60,
  issue_seconds: 60,
  memory_bytes: 1e9,
  explain_ms: 300,
  records_a_second: 5e6,
  ratio: 2,
}
const LANES = 8
/** accounts whose hours are rated in memory */
const IN_MEMORY = 24
const ROUNDS = 3
const EXPLAINED = 240
/** of each round in memory */
const RECORDS = 4_000_000

interface Stage {
  seconds: number
  cpu_seconds: Cost
}
async function timed(installation: Installation, work: () => Promise<void>): Promise<Stage> {
  const began = performance.now()
  const { parts } = await spent(installation, work)
  return { seconds: (performance.now() - began) / 1_000, cpu_seconds: parts }
}

/** Does something for each of many, so many at once. */
async function each<T, R>(list: readonly T[], work: (one: T, index: number) => Promise<R>): Promise<R[]> {
  const out: R[] = []
  let next = 0
  const lane = async () => {
    for (let index = next++; index < list.length; index = next++) out[index] = await work(list[index] as T, index)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return out
}

/** The month before this one: it is over, and nothing of it is late any more. */
const monthBefore = (now: number): Interval => monthOf(monthOf(now, 'UTC').from - 1, 'UTC')

async function open(installation: Installation, count: number, month: Interval): Promise<string[]> {
  const [entity] = (await installation.api<{ items: { id: string }[] }>('/legal-entities')).items
  const change = { zone: 'UTC', tax_category: 'S', tax_rate: '21.00' }
  await installation.api(`/legal-entities/${entity?.id}`, { method: 'PATCH', body: JSON.stringify(change) })
  for (const price of pricesOf(month)) await installation.post('/prices', price)
  const names = Array.from({ length: count }, (_, n) => `Account ${String(n).padStart(5, '0')}`)
  const contract_from = new Date(month.from).toISOString()
  const opened = await each(names, (name) =>
    installation.post<{ id: string }>('/accounts', { name, zone: 'UTC', contract_from }),
  )
  return opened.map(({ id }) => id)
}

interface Close {
  id: string
  state: string
  counts: Record<string, number>
  ready_net: string
  issued_net: string
}
const LOOK_MS = 100
async function reached(installation: Installation, id: string, state: string): Promise<Close> {
  for (;;) {
    const close = await installation.api<Close>(`/period-closes/${id}`)
    if (close.state === state) return close
    await sleep(LOOK_MS)
  }
}

interface Closing {
  account: { id: string }
  state: string
  totals: { net: string; total: string } | null
  invoices: { id: string }[]
}
async function accountsOf(installation: Installation, id: string): Promise<Closing[]> {
  const out: Closing[] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const path = `/period-closes/${id}/accounts?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`
    const page: { items: Closing[]; next_cursor: string | null } = await installation.api(path)
    out.push(...page.items)
    cursor = page.next_cursor
  }
  return out
}

const cents = (text: string): bigint => BigInt(text.replace('.', ''))
const major = (minor: bigint): string => `${minor / 100n}.${String(minor % 100n).padStart(2, '0')}`
const sums = (list: readonly Closing[]) => ({
  net: list.reduce((sum, { totals }) => sum + (totals ? cents(totals.net) : 0n), 0n),
  total: list.reduce((sum, { totals }) => sum + (totals ? cents(totals.total) : 0n), 0n),
})

/** Opens lines at random over HTTP, one after the other, each on an invoice of its own; the 95th percentile in milliseconds. */
async function explainSome(installation: Installation, invoices: readonly string[], times: number): Promise<number> {
  const found: number[] = []
  for (let n = 0; n < times; n += 1) {
    const id = invoices[(n * 7_919 + 13) % invoices.length]
    const { lines } = await installation.api<{ lines: { id: string }[] }>(`/invoices/${id}`)
    const line = lines[(n * 104_729 + 7) % lines.length]
    const began = performance.now()
    const { segments } = await installation.api<{ segments: unknown[] }>(
      `/invoices/${id}/lines/${line?.id}/explanation`,
    )
    found.push(performance.now() - began)
    if (segments.length === 0) throw new Error(`The line ${line?.id} of the invoice ${id} opens to nothing.`)
  }
  return found.toSorted((a, b) => a - b)[Math.ceil(found.length * 0.95) - 1] ?? Number.NaN
}

/** The same function over hours in memory, and PostgreSQL's `numeric` over them as rows. */
async function inMemory(installation: Installation, accounts: number, month: Interval) {
  const facts = Array.from({ length: accounts }, (_, account) => factsOf(account, month))
  const records = recordsIn(facts)
  await storeRecords(installation.sql, facts, month)
  const seconds = () => installation.cost().postgres
  const times = Math.ceil((RECORDS * Math.max(accounts, 3)) / IN_MEMORY / records)
  ratedInMemory(facts, 2)
  await ratedInSql(installation.sql, records, 1, seconds)
  const rounds: Round[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const ours = ratedInMemory(facts, times)
    const theirs = await ratedInSql(installation.sql, records, Math.max(2, Math.ceil(times / 4)), seconds)
    if (ours.net !== theirs.net) throw new Error(`Lines come to ${ours.net} cents, and as rows to ${theirs.net}.`)
    rounds.push({ ours, theirs })
  }
  const rate = judgeRate(rounds, BARS.ratio)
  console.log(
    `\n${showRate('hourly records a processor second', ['lines of invoices', 'numeric in SQL'], rounds, rate)}`,
  )
  return {
    ...rate,
    records,
    per_second_min: BARS.records_a_second,
    pass: rate.pass && rate.ours >= BARS.records_a_second,
  }
}

const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`
function shown(stages: Readonly<Record<string, Stage>>): string {
  const head = ['stage', 'seconds', 'control plane: CPU s', 'PostgreSQL: CPU s']
  const rows = Object.entries(stages).map(([name, { seconds, cpu_seconds }]) => [
    name,
    seconds.toFixed(1),
    cpu_seconds.control_plane.toFixed(1),
    cpu_seconds.postgres.toFixed(1),
  ])
  return table([head, ...rows])
}

async function fromRows(installation: Installation, count: number, month: Interval) {
  let [accounts, id]: [string[], string] = [[], '']
  const made = await timed(installation, async () => {
    accounts = await open(installation, count, month)
    const sender = await installation.addAgent('bench')
    await sender.close()
    await fillMonth(installation.sql, { source_id: sender.source, accounts, month })
  })
  const { control_plane, postgres } = installation.pids()
  let drafted: Stage | null = null
  const peak = await peakDuring({ control_plane: () => control_plane, postgres: () => postgres }, async () => {
    drafted = await timed(installation, async () => {
      const name = new Date(month.from).toISOString().slice(0, 7)
      id = (await installation.post<Close>('/period-closes', { month: name, grace_hours: 0 })).id
      await reached(installation, id, 'review')
    })
  })
  const reviewed = await accountsOf(installation, id)
  const issued = await timed(installation, async () => {
    await installation.post(`/period-closes/${id}/finalise`, { early: true })
    await reached(installation, id, 'closed')
  })
  const closed = await accountsOf(installation, id)
  return { stages: { made, drafted: drafted as unknown as Stage, issued }, peak, reviewed, closed, accounts }
}

async function segmentsOf({ sql }: Installation): Promise<{ lines: number; segments: number }> {
  const [row] =
    await sql`select count(*) as lines, sum(jsonb_array_length(content->'segments')) as segments from invoice_line`
  return { lines: Number(row?.lines), segments: Number(row?.segments) }
}

/** `size`: accounts, of 28 machines each. */
async function run({ size = ACCOUNTS }: { size?: number | undefined }): Promise<Outcome> {
  const installation = await Installation.start()
  try {
    const month = monthBefore(Date.now())
    const { stages, peak, reviewed, closed } = await fromRows(installation, size, month)
    const truth = expected(size, month.to - month.from)
    const [drafts, invoices] = [sums(reviewed), closed.flatMap((one) => one.invoices.map(({ id }) => id))]
    const rated = await segmentsOf(installation)
    const isRight = drafts.net === truth.net && drafts.total === truth.total && invoices.length === size
    const isWhole = rated.segments === size * MACHINES_EACH * SEGMENTS_A_MACHINE
    const explained = Math.min(EXPLAINED, 40 * size)
    const p95_ms = await explainSome(installation, invoices, explained)
    console.log(`\n${shown(stages)}\n`)
    console.log(`  ${size} accounts, ${rated.lines} lines, ${rated.segments} segments; ${invoices.length} invoices`)
    console.log(
      `  drafts come to ${major(drafts.total)} EUR, the oracle to ${major(truth.total)} EUR ${isRight ? '✓' : '✗'}`,
    )
    console.log(
      `  memory at most: control plane ${mib(peak.control_plane)}, PostgreSQL ${mib(peak.postgres)}, together ${mib(peak.together)}`,
    )
    console.log(`  explaining a line: ${p95_ms.toFixed(0)} ms (95th percentile of ${explained})`)
    if (!isRight || !isWhole)
      throw new Error('The drafts are not what the oracle says: figures of a wrong sum are worth nothing.')
    const records = await inMemory(installation, Math.min(IN_MEMORY, size), month)
    const pass =
      records.pass &&
      stages.drafted.seconds <= BARS.draft_seconds &&
      stages.issued.seconds <= BARS.issue_seconds &&
      peak.together < BARS.memory_bytes &&
      p95_ms <= BARS.explain_ms
    return {
      pass,
      accounts: size,
      ...rated,
      total: major(drafts.total),
      oracle: major(truth.total),
      records,
      stages,
      peak_bytes: peak,
      explain_p95_ms: p95_ms,
      bars: BARS,
    }
  } finally {
    await installation.end()
  }
}

export const bench: Bench = {
  title:
    'a month of 2,000 accounts drafted, issued and explained from rows; and hourly records in memory beside numeric in SQL',
  run,
}
