/** The last calendar month under other prices: what was invoiced of it, and what isn't yet as it would be rated now. */
import { getLegalEntity } from '../accounts/index.ts'
import type { Account } from '../accounts/contract.ts'
import { sure } from '../base/problem.ts'
import { dateOf, HOUR_MS, type Interval, monthNamed, monthOf } from '../base/time.ts'
import { allAccounts, invoicedUpTo, lineGroups, standing, type StandingInvoice } from '../billing/index.ts'
import { booksOfVersions, priceKey } from '../catalog/index.ts'
import { contractsUnder } from '../contracts/index.ts'
import { openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { rate } from '../rating/index.ts'
import { type Decisions, type Effect, effectsOf } from './effect.ts'
import type { Wish } from './recalculate.ts'

/** Of so many customers a month that isn't invoiced is rated while one waits. */
const RATED_MAX = 100
const DAY_MS = 24 * HOUR_MS

export interface LastMonth {
  /** `2026-10` */
  name: string
  /** what falls under a decision, of every bill */
  bills: { account_id: string; effect: Effect }[]
  not_rated: number
}

/** The months of a zone may begin a day earlier or later elsewhere. */
export const aroundMonths = ({ from, to }: Interval): Interval => ({ from: from - DAY_MS, to: to + DAY_MS })

export async function lastMonth(ctx: Context, { books, currency, decisions }: Wish): Promise<LastMonth> {
  const decided: Decisions = new Map(decisions.map((one) => [priceKey(one), one.after]))
  const components = [...new Set(decisions.map(({ kind, meter }) => `${kind}.${meter}`))]
  const sellers = [...new Set([...books.values()].map((book) => book.legal_entity_id))]
  const { zone } = await getLegalEntity(ctx, sure(sellers[0]))
  const month = monthOf(monthOf(ctx.now(), zone).from - 1, zone)
  const out: LastMonth = { name: dateOf(month.from, zone).slice(0, 7), bills: [], not_rated: 0 }
  if (components.length === 0) return out
  const accounts = await allAccounts(ctx)
  const asked = { currency, within: aroundMonths(month), issued_until: ctx.now() }
  const account_ids = accounts.map(({ id }) => id)
  const bills: Pick<StandingInvoice, 'account_id' | 'zone' | 'groups'>[] = []
  for (const legal_entity_id of sellers)
    for (const invoice of await standing(ctx, { ...asked, legal_entity_id, account_ids, components }))
      if (invoice.month === out.name) bills.push(invoice)
  const open = await notInvoiced(ctx, accounts, [...books.keys()], out.name)
  for (const { contract, period, zone: own } of open.slice(0, RATED_MAX)) {
    const { lines } = await rate(ctx, { contract, period, zone: own, cut: await openCut(ctx.tx), accrued: true })
    const groups = lineGroups(lines, currency).filter(({ component }) => components.includes(component))
    bills.push({ account_id: contract.account_id, zone: own, groups })
  }
  const versions = bills.flatMap(({ groups }) =>
    groups.flatMap(({ lines }) => lines?.map((line) => line.price.id) ?? []),
  )
  const bookOf = await booksOfVersions(ctx, [...new Set(versions)])
  for (const { account_id, ...bill } of bills)
    for (const effect of effectsOf(bill, currency, decided, (id) => bookOf.get(id)))
      if (effect.key !== null) out.bills.push({ account_id, effect })
  return { ...out, not_rated: Math.max(0, open.length - RATED_MAX) }
}

/** Contracts under one of the books, with what of the month was not invoiced of them. */
async function notInvoiced(ctx: Context, accounts: readonly Account[], books: readonly string[], name: string) {
  const zones = new Map(accounts.map(({ id, zone }) => [id, zone]))
  const contracts = await contractsUnder(ctx, books, aroundMonths(monthNamed(name, 'UTC')))
  const invoiced = await invoicedUpTo(
    ctx,
    contracts.map(({ id }) => id),
  )
  return contracts.flatMap((contract) => {
    const zone = zones.get(contract.account_id)
    if (zone === undefined) return []
    const month = monthNamed(name, zone)
    const from = Math.max(month.from, contract.from, invoiced.get(contract.id) ?? contract.from)
    const to = Math.min(month.to, contract.to ?? month.to)
    return from < to ? [{ contract, period: { from, to }, zone }] : []
  })
}
