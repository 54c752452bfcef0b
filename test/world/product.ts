/** What the product made of a world, read from its tables and its own verbs as plain values. */
import { sql } from 'drizzle-orm'
import type { Line } from '#control-plane/rating/contract.ts'
import { fromIso, iso } from '#control-plane/base/time.ts'
import { draft, verify } from '#control-plane/billing/index.ts'
import { unlessEmpty } from '#control-plane/billing/draft.ts'
import type { Draft, InvoiceContent } from '#control-plane/billing/contract.ts'
import { ms, rows } from '#control-plane/db/index.ts'
import { usageAccounting } from '#control-plane/rating/index.ts'
import type { Prepared } from '../setup/prepare.ts'
import type { Outcome, OutcomeBill, OutcomeLine, OutcomeUsage, OutcomeVersion } from './outcome.ts'
import { HOUR_MS } from './plan.ts'
import type { MachineKey, Truth } from './truth.ts'

export async function outcomeOf(
  world: Prepared,
  account_ids: ReadonlyMap<string, string>,
  truth: Truth,
): Promise<Outcome> {
  const keys = await machineKeys(world)
  return {
    versions: await versions(world),
    usage: await usage(world),
    invoices: await invoices(world, account_ids, keys),
    drafts: await drafts(world, account_ids, truth, keys),
  }
}

const KEY = sql.raw(`r.realm || '|' || r.kind || '|' || r.external_id || '|' || r.incarnation`)

export async function machineKeys(world: Prepared): Promise<Map<string, MachineKey>> {
  const found = await rows<{ id: string; key: string }>(world.db, sql`select r.id, ${KEY} as key from resource r`)
  return new Map(found.map(({ id, key }) => [id, key]))
}

interface VersionRow {
  key: MachineKey
  from: string
  to: string | null
  from_exact: boolean
  to_exact: boolean
  host: string
  state: string
  size: Record<string, number | string>
}

async function versions(world: Prepared): Promise<Outcome['versions']> {
  const found = await rows<VersionRow>(
    world.db,
    sql`select ${KEY} as key, ${ms(sql`v.valid_from`)} as "from", ${ms(sql`v.valid_to`)} as "to", v.from_exact, v.to_exact,
          s.external_id as host, v.content->>'state' as state, v.content->'size' as size
        from observed_version v join resource r on r.id = v.resource_id join scope s on s.id = v.scope_id
        where v.cut_to is null order by 1, v.valid_from`,
  )
  const out: Outcome['versions'] = {}
  for (const { key, from, to, size, ...rest } of found) {
    const version = {
      from: Number(from),
      to: to === null ? null : Number(to),
      ...rest,
      size: Object.fromEntries(Object.entries(size).map(([name, value]) => [name, String(value)])),
    }
    const list = (out[key] ??= [])
    const last = list.at(-1)
    if (last && last.to === version.from && isSame(last, version))
      Object.assign(last, { to: version.to, to_exact: version.to_exact })
    else list.push(version)
  }
  return out
}

const isSame = (a: OutcomeVersion, b: OutcomeVersion): boolean =>
  a.host === b.host && a.state === b.state && Bun.deepEquals(a.size, b.size)

async function usage(world: Prepared): Promise<Record<string, OutcomeUsage>> {
  const found = await rows<{ key: string; meter: string; hour: string; quantity: string; estimated: boolean }>(
    world.db,
    sql`select ${KEY} as key, u.meter, ${ms(sql`u.hour`)} as hour, u.quantity::text as quantity, u.estimated
        from usage_hour u join resource r on r.id = u.resource_id where u.cut_to is null and u.quantity > 0`,
  )
  return Object.fromEntries(
    found.map(({ key, meter, hour, quantity, estimated }) => [
      `${key} ${meter} ${iso(Number(hour))}`,
      { quantity, estimated },
    ]),
  )
}

const lineOf = (line: Line, keys: ReadonlyMap<string, MachineKey>): OutcomeLine => ({
  machine: keys.get(line.resource.id) ?? line.resource.id,
  component: line.component,
  price_from: fromIso(line.price.effective_at),
  quantity: line.quantity,
  exact: line.exact,
  net: line.net,
  unobserved_ms: line.unobserved_ms,
  estimated: line.estimated,
  gaps: (line.gaps ?? []).map((gap) => ({ ...gap, from: fromIso(gap.from), to: fromIso(gap.to) })),
  gaps_more: line.gaps_more ?? 0,
})

const billOf = (
  { period, totals }: Pick<Draft | InvoiceContent, 'period' | 'totals'>,
  lines: readonly Line[],
  keys: ReadonlyMap<string, MachineKey>,
): OutcomeBill => ({
  period: { from: fromIso(period.from), to: fromIso(period.to) },
  lines: lines.map((line) => lineOf(line, keys)),
  net: totals.net,
  tax: totals.tax,
  total: totals.total,
})

async function invoices(
  world: Prepared,
  account_ids: ReadonlyMap<string, string>,
  keys: ReadonlyMap<string, MachineKey>,
): Promise<Outcome['invoices']> {
  const out: Outcome['invoices'] = {}
  for (const [account, id] of account_ids) {
    const issued = await rows<{ id: string; content: InvoiceContent }>(
      world.db,
      sql`select id, content from invoice where account_id = ${id} order by series_year, series_number`,
    )
    for (const [index, { id: invoice_id, content }] of issued.entries()) {
      const lines = await rows<{ content: Line }>(
        world.db,
        sql`select content from invoice_line where invoice_id = ${invoice_id} order by position`,
      )
      out[`${account} ${index + 1}`] = billOf(
        content,
        lines.map((row) => row.content),
        keys,
      )
    }
  }
  return out
}

async function drafts(
  world: Prepared,
  account_ids: ReadonlyMap<string, string>,
  truth: Truth,
  keys: ReadonlyMap<string, MachineKey>,
): Promise<Outcome['drafts']> {
  const out: Outcome['drafts'] = {}
  for (const [account, account_id] of account_ids) {
    const made = await world.run((ctx) => draft(ctx, { account_id, as_of: truth.end })).catch(unlessEmpty)
    if (made) out[account] = billOf(made, made.lines, keys)
  }
  return out
}

/** What the product says against itself: sums that don't hold, documents that can't be proven. In words; none is right. */
export async function contradictions(world: Prepared, truth: Truth): Promise<string[]> {
  const hours = Math.ceil((truth.end - truth.start) / HOUR_MS) + 12 * 24
  const { intake, meters, oldest_pending_ms } = await world.run((ctx) => usageAccounting(ctx, { hours }))
  const { findings } = await world.run(verify)
  return [
    ...intake
      .filter((row) => !row.balanced)
      .map((row) => `The intake of source ${row.source_id} in ${row.hour} does not add up: ${JSON.stringify(row)}.`),
    ...meters
      .filter((row) => !row.balanced || row.pending > 0)
      .map((row) => `Usage of ${row.meter} in ${row.hour} does not add up: ${JSON.stringify(row)}.`),
    ...(oldest_pending_ms === null ? [] : [`Something still waits to be settled, for ${oldest_pending_ms} ms.`]),
    ...findings.map(({ check, subject, detail }) => `The verifier finds (${check}) ${subject}: ${detail}`),
  ]
}
