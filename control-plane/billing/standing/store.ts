/** Rows of many accounts' documents and lines at once. */
import { sql } from 'drizzle-orm'
import { iso } from '../../base/time.ts'
import { withinReach } from '../../db/fence.ts'
import { arrayText, type Context, ms, rows } from '../../db/index.ts'
import type { DocumentLine } from '../contract.ts'
import { invoice } from '../schema.ts'
import type { Asked } from './index.ts'

const uuids = (list: readonly string[]) => sql`${arrayText(list)}::uuid[]`
const isAsked = (ctx: Context, { legal_entity_id, currency, within, issued_until }: Asked) =>
  sql`legal_entity_id = ${legal_entity_id} and currency = ${currency} and period_from >= ${iso(within.from)}::timestamptz
      and period_to <= ${iso(within.to)}::timestamptz and issued_at <= ${iso(issued_until)}::timestamptz and ${withinReach(ctx, invoice.account_id) ?? sql`true`}`

export const accountsWithin = (ctx: Context, asked: Asked) =>
  rows<{ id: string; name: string }>(
    ctx.tx,
    sql`select a.id, a.name from account a where a.id in (select account_id from invoice where ${isAsked(ctx, asked)}) order by a.name, a.id`,
  )

/** Up to when each contract was invoiced; without those of which nothing was. */
export async function invoicedToOf(ctx: Context, contract_ids: readonly string[]): Promise<Map<string, number>> {
  const found = await rows<{ contract_id: string; to: string }>(
    ctx.tx,
    sql`select contract_id, ${ms(sql`max(period_to)`)} as "to" from invoice where contract_id = any(${uuids(contract_ids)}) group by 1`,
  )
  return new Map(found.map(({ contract_id, to }) => [contract_id, Number.parseInt(to, 10)]))
}

export interface DocumentWithin {
  id: string
  account_id: string
  corrects_id: string | null
  period_from: number
  period_to: number
  zone: string
}
/** Of each account the oldest period first, notes in the order of issue. */
export async function documentsWithin(
  ctx: Context,
  asked: Asked & { account_ids: readonly string[] },
): Promise<DocumentWithin[]> {
  const found = await rows<Omit<DocumentWithin, 'period_from' | 'period_to'> & { from: string; to: string }>(
    ctx.tx,
    sql`select id, account_id, corrects_id, ${ms(sql`period_from`)} as "from", ${ms(sql`period_to`)} as "to", content->>'zone' as zone
        from invoice where account_id = any(${uuids(asked.account_ids)}) and ${isAsked(ctx, asked)} order by account_id, period_from, cut, issued_at`,
  )
  return found.map(({ from, to, ...rest }) => ({
    ...rest,
    period_from: Number.parseInt(from, 10),
    period_to: Number.parseInt(to, 10),
  }))
}

export interface LineWithin {
  invoice_id: string
  component: string
  /** minor units, as the document has it */
  net: bigint
  content: DocumentLine | null
}
/** Lines in their order; whole where their component or their document is asked for, else no more than their amounts. */
export async function linesWithin(
  ctx: Context,
  invoice_ids: readonly string[],
  { components, whole }: { components: readonly string[]; whole: readonly string[] },
): Promise<LineWithin[]> {
  const found = await rows<Omit<LineWithin, 'net'> & { net: string }>(
    ctx.tx,
    sql`select invoice_id, content->>'component' as component, net_minor::text as net,
          case when content->>'component' = any(${arrayText(components)}::text[]) or invoice_id = any(${uuids(whole)}) then content end as content
        from invoice_line where invoice_id = any(${uuids(invoice_ids)}) order by invoice_id, position`,
  )
  return found.map(({ net, ...row }) => ({ ...row, net: BigInt(net) }))
}
