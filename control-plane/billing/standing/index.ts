/** What stands billed: issued invoices with their notes, as the lines that hold now, for whoever asks what they would be otherwise. */
import { permit } from '../../base/actor.ts'
import { sure } from '../../base/problem.ts'
import { dateOf, type Instant, type Interval } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import type { Line } from '../../rating/contract.ts'
import { lineKey } from '../notes/rules.ts'
import { minorOf } from '../rules.ts'
import { accountsWithin, documentsWithin, invoicedToOf, type LineWithin, linesWithin } from './store.ts'

/** Invoices of one company in one currency that were issued by an instant, of periods within an interval. */
export interface Asked {
  legal_entity_id: string
  currency: string
  within: Interval
  issued_until: number
}

/** What is billed of one service, resource and component; of components that nobody asked for, all of the component together. */
export interface StandingGroup {
  component: string
  /** minor units, after all notes */
  net: bigint
  /** null: nobody asked for them */
  lines: readonly Line[] | null
}
export interface StandingInvoice {
  id: string
  account_id: string
  period: Interval
  zone: string
  /** `2026-10`, in the zone of the invoice */
  month: string
  groups: StandingGroup[]
}

/** Accounts that have such invoices, with their names. */
export async function accountsInvoiced(ctx: Context, asked: Asked): Promise<{ id: string; name: string }[]> {
  permit(ctx, 'billing.read')
  return accountsWithin(ctx, asked)
}

/** Up to when each contract was invoiced; without those of which nothing was. */
export async function invoicedUpTo(ctx: Context, contract_ids: readonly string[]): Promise<Map<string, Instant>> {
  permit(ctx, 'billing.read')
  return invoicedToOf(ctx, contract_ids)
}

/** The invoices of some accounts, with the lines of some components. */
export async function standing(
  ctx: Context,
  asked: Asked & { account_ids: readonly string[]; components: readonly string[] },
): Promise<StandingInvoice[]> {
  permit(ctx, 'billing.read')
  const documents = await documentsWithin(ctx, asked)
  const corrected = documents.flatMap(({ corrects_id }) => corrects_id ?? [])
  // of an invoice with notes each line is asked for, since a note speaks of lines
  const whole = [...documents.filter(({ corrects_id }) => corrects_id !== null).map(({ id }) => id), ...corrected]
  const lines = Map.groupBy(
    await linesWithin(
      ctx,
      documents.map(({ id }) => id),
      { components: asked.components, whole },
    ),
    ({ invoice_id }) => invoice_id,
  )
  const linesIn = (id: string) => lines.get(id) ?? []
  return documents
    .filter(({ corrects_id }) => corrects_id === null)
    .map(({ id, account_id, period_from, period_to, zone }) => {
      const notes = documents.filter(({ corrects_id }) => corrects_id === id).map((note) => linesIn(note.id))
      const groups =
        notes.length > 0 ? latest([linesIn(id), ...notes], asked.currency) : groupsOf(linesIn(id), asked.currency)
      const month = dateOf(period_from, zone).slice(0, 7)
      return { id, account_id, period: { from: period_from, to: period_to }, zone, month, groups }
    })
}

/** Lines by service, resource and component, with their amounts. */
export const lineGroups = (lines: readonly Line[], currency: string): (StandingGroup & { lines: Line[] })[] =>
  [...Map.groupBy(lines, lineKey).values()].map((group) => ({
    component: sure(group[0]).component,
    net: group.reduce((sum, { net }) => sum + minorOf(net, currency), 0n),
    lines: group,
  }))

function groupsOf(lines: readonly LineWithin[], currency: string): StandingGroup[] {
  const others = Map.groupBy(
    lines.filter(({ content }) => content === null),
    ({ component }) => component,
  )
  const sums = [...others].map(([component, group]) => ({
    component,
    net: group.reduce((sum, { net }) => sum + net, 0n),
    lines: null,
  }))
  return [
    ...lineGroups(
      lines.flatMap(({ content }) => content ?? []),
      currency,
    ),
    ...sums,
  ]
}

/** The last document that speaks of a line says what is due of it: a note its correction, the invoice itself where none does. */
function latest(documents: readonly (readonly LineWithin[])[], currency: string): StandingGroup[] {
  const out = new Map<string, StandingGroup>()
  for (const [index, lines] of documents.entries())
    for (const [key, group] of Map.groupBy(lines, ({ content }) => lineKey(sure(content)))) {
      const last = sure(sure(group.at(-1)).content)
      const { correction } = last
      if (index > 0 && correction)
        out.set(key, { component: last.component, net: minorOf(correction.due, currency), lines: correction.lines })
      else out.set(key, sure(groupsOf(group, currency)[0]))
    }
  return [...out.values()]
}
