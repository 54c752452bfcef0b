/** What a price would change: drafts of the month so far with and without it. Writes nothing. */
import { permit, system } from '../base/actor.ts'
import { majorText } from '../base/money.ts'
import { fromIso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { addPrice, hypothetical, listPlans, listPrices } from '../catalog/index.ts'
import type { NewPrice } from '../catalog/contract.ts'
import { booksUnder, type ContractInForce, contractOf, listServices } from '../contracts/index.ts'
import { LIVE } from '../db/cut.ts'
import { pricesUnder } from '../rating/index.ts'
import type { z } from 'zod'
import type { Draft } from './contract.ts'
import { allAccounts, draft, unlessEmpty } from './draft.ts'
import { minorOf } from './rules.ts'
import { undone } from './undone.ts'

export interface PricePreview {
  affected_accounts: number
  affected_resources: number
  month_to_date_before: string
  month_to_date_after: string
  currency: string
}
interface Pair {
  account_id: string
  before: Draft
  after: Draft
}

export async function previewPrice(ctx: Context, input: z.infer<typeof NewPrice>): Promise<PricePreview> {
  permit(ctx, 'catalog.read')
  const { currency, price_book_id } = await listPrices(ctx, { history: false, price_book_id: input.price_book_id })
  const plan = (await listPlans(ctx)).find((one) => one.price_book_id === price_book_id)
  const pairs = plan ? await underPlan(ctx, plan.id, input) : await underBook(ctx, price_book_id, input)
  const changed = pairs.flatMap(({ account_id, after }) =>
    after.lines
      .filter((line) => line.component === `${input.kind}.${input.meter}` && (!plan || line.plan?.id === plan.id))
      .map((line) => ({ account_id, resource_id: line.resource.id })),
  )
  const sum = (of: 'before' | 'after') =>
    majorText(
      pairs.reduce((total, pair) => total + minorOf(pair[of].totals.net, currency), 0n),
      currency,
    )
  return {
    affected_accounts: new Set(changed.map(({ account_id }) => account_id)).size,
    affected_resources: new Set(changed.map(({ resource_id }) => resource_id)).size,
    month_to_date_before: sum('before'),
    month_to_date_after: sum('after'),
    currency,
  }
}

const draftNow = (ctx: Context, account_id: string) => draft(ctx, { account_id, as_of: ctx.now() }).catch(unlessEmpty)

/** Of those whose contract has the price book: its own, or a negotiated one. */
async function underBook(ctx: Context, price_book_id: string, input: z.infer<typeof NewPrice>): Promise<Pair[]> {
  const pairs: Pair[] = []
  for (const { id } of await allAccounts(ctx)) {
    const contract = await contractOf(ctx, id)
    const before = contract && (await isHeld(ctx, contract, price_book_id)) && (await draftNow(ctx, id))
    if (!before) continue
    const period = { from: fromIso(before.period.from), to: fromIso(before.period.to) }
    const versions = await hypothetical(ctx, price_book_id, input, period)
    const prices = await pricesUnder(ctx, contract, period, LIVE, { price_book_id, versions })
    pairs.push({ account_id: id, before, after: await draft(ctx, { account_id: id, as_of: ctx.now(), prices }) })
  }
  return pairs
}

async function isHeld(ctx: Context, contract: ContractInForce, price_book_id: string): Promise<boolean> {
  const books = await booksUnder(ctx, contract, { from: contract.from, to: ctx.now() }, LIVE)
  return books.some((book) => book.price_book_id === price_book_id)
}

/** Of those who have a service of the plan: its price is recorded, and that is undone. */
async function underPlan(ctx: Context, plan_id: string, input: z.infer<typeof NewPrice>): Promise<Pair[]> {
  const held: Omit<Pair, 'after'>[] = []
  for (const { id } of await allAccounts(ctx)) {
    const services = await listServices(ctx, id)
    const has = services.some(({ versions }) => versions.some(({ plan }) => plan.id === plan_id))
    const before = has && (await draftNow(ctx, id))
    if (before) held.push({ account_id: id, before })
  }
  return undone(ctx, async (inner) => {
    // whoever may look needs no right to record: nothing of it stays
    await addPrice({ ...inner, actor: system('preview') }, input)
    const pairs: Pair[] = []
    for (const one of held) pairs.push({ ...one, after: (await draftNow(inner, one.account_id)) ?? one.before })
    return pairs
  })
}
