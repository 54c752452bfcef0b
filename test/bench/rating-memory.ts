/** Hourly records of a month in memory through the function that makes an invoice's lines, beside PostgreSQL's `numeric` over the same records. */
import type postgres from 'postgres'
import { HOUR_MS, type Interval, iso } from '#control-plane/base/time.ts'
import type { MeterName } from '#control-plane/metering/contract.ts'
import { type Facts, linesOf, type Price } from '#control-plane/rating/rules.ts'
import { stretchesOf } from '#control-plane/rating/segments.ts'
import type { Work } from './rate.ts'
import { oneTax } from '../setup/one-tax.ts'

const MACHINES = 28
const METERS: readonly MeterName[] = ['network_receive_bytes', 'network_transmit_bytes']
const NOTHING_LOST: [] = []

export const quantityOf = (machine: number, meter: number, hour: number): bigint =>
  1_000_000_007n + BigInt((machine * 31 + meter * 104_729 + hour * 7_919) % 900_000_000)

/** Each meter's price changes once within the month. */
function pricesIn(month: Interval): Price[] {
  const change = month.from + 360 * HOUR_MS
  return METERS.flatMap((meter, index) => {
    const shared = {
      ...({ kind: 'vm', meter, model: 'per_unit', per: 'quantity', unit: 'GB', terms: null } as const),
      gap_policy: 'total' as const,
    }
    return [
      { ...shared, id: `${meter}-1`, amount: `0.01${index + 1}7`, effective_at: month.from, ends_at: change },
      { ...shared, id: `${meter}-2`, amount: `0.0${index + 2}13`, effective_at: change, ends_at: null },
    ]
  })
}

/** What rating gathers of one account: its machines, whose they are, and each hour of each meter. */
export function factsOf(account: number, month: Interval): Facts {
  const machines = Array.from({ length: MACHINES }, (_, index) => account * MACHINES + index)
  const prices = pricesIn(month)
  const whole = { from: month.from, to: null }
  const owned = machines.map((machine) => ({
    id: `a-${machine}`,
    resource_id: `vm-${machine}`,
    ...whole,
    assignment: whole,
  }))
  const consumed = owned.flatMap((owner, index) =>
    METERS.flatMap((meter, which) =>
      stretchesOf(
        month,
        [owner],
        prices.filter((price) => price.meter === meter),
      ).map(({ stretch, owned_id }) => ({
        resource_id: owner.resource_id,
        meter,
        stretch,
        owned_id,
        digest: '',
        leaves: Array.from({ length: (stretch.to - stretch.from) / HOUR_MS }, (_, hour) => {
          const from = stretch.from + hour * HOUR_MS
          const quantity = quantityOf(machines[index] ?? 0, which, (from - month.from) / HOUR_MS)
          return { from, to: from + HOUR_MS, quantity, digest: '', estimated: false, gaps: NOTHING_LOST }
        }),
      })),
    ),
  )
  return {
    period: month,
    month,
    zone: 'UTC',
    currency: 'EUR',
    service_id: 'service',
    tax: oneTax('21.00'),
    resources: machines.map((machine) => ({ id: `vm-${machine}`, kind: 'vm', name: `vm-${machine}` })),
    owned,
    observed: [],
    gaps: [],
    losses: [],
    accepted: [],
    prices,
    consumed,
  }
}

const centsOf = (net: string): bigint => BigInt(net.replace('.', ''))

/** Rates the same accounts `times` over; the nets of all lines in cents. */
export function ratedInMemory(accounts: readonly Facts[], times: number): Work & { net: bigint } {
  let net = 0n
  const before = process.cpuUsage()
  for (let time = 0; time < times; time += 1) {
    net = 0n
    for (const facts of accounts) for (const line of linesOf(facts).lines) net += centsOf(line.net)
  }
  const { user, system } = process.cpuUsage(before)
  return { units: times * recordsIn(accounts), cpu_seconds: (user + system) / 1e6, net }
}
export const recordsIn = (accounts: readonly Facts[]): number =>
  accounts.reduce((sum, { consumed }) => sum + consumed.reduce((own, { leaves }) => own + leaves.length, 0), 0)

/** The same records and prices as rows, with nothing else in them. */
export async function storeRecords(sql: postgres.Sql, accounts: readonly Facts[], month: Interval): Promise<void> {
  await sql`create table bench_record (resource text, meter text, hour timestamptz, quantity numeric)`
  await sql`create table bench_price (meter text, amount numeric, divisor numeric, effective_at timestamptz, ends_at timestamptz)`
  for (const { meter, amount, effective_at, ends_at } of pricesIn(month))
    await sql`insert into bench_price values (${meter}, ${amount}, 1000000000, ${iso(effective_at)}, ${ends_at === null ? null : iso(ends_at)})`
  for (const { consumed } of accounts) {
    const rows = consumed.flatMap(({ resource_id, meter, leaves }) =>
      leaves.map(({ from, quantity }) => ({
        resource: resource_id,
        meter,
        hour: iso(from),
        quantity: quantity.toString(),
      })),
    )
    await sql`insert into bench_record select * from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb)
      as r(resource text, meter text, hour timestamptz, quantity numeric)`
  }
  await sql`vacuum analyze bench_record`
}

const RATED = `
  select coalesce(sum(net), 0)::text as net from (
    select round(sum(r.quantity) * p.amount / p.divisor, 2) as net from bench_record r
    join bench_price p on p.meter = r.meter and r.hour >= p.effective_at and (p.ends_at is null or r.hour < p.ends_at)
    group by r.resource, r.meter, p.effective_at, p.amount, p.divisor) as line`

/** PostgreSQL's own seconds over the same work. */
export async function ratedInSql(
  sql: postgres.Sql,
  records: number,
  times: number,
  seconds: () => number,
): Promise<Work & { net: bigint }> {
  let net = 0n
  const before = seconds()
  for (let time = 0; time < times; time += 1) net = centsOf(String((await sql.unsafe(RATED))[0]?.net))
  return { units: times * records, cpu_seconds: seconds() - before, net }
}
