/** What a price would change: drafts of the month so far with and without it. Writes nothing. */
import { permit } from '../base/actor.ts'
import { majorText } from '../base/money.ts'
import { fromIso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { hypothetical, listPrices } from '../catalog/index.ts'
import type { NewPrice } from '../catalog/contract.ts'
import { booksUnder, type ContractInForce, contractOf } from '../contracts/index.ts'
import { LIVE } from '../db/cut.ts'
import { pricesUnder } from '../rating/index.ts'
import type { z } from 'zod'
import { allAccounts, draft, unlessEmpty } from './draft.ts'
import { minorOf } from './rules.ts'

export interface PricePreview {
  affected_resources: number
  month_to_date_before: string
  month_to_date_after: string
  currency: string
}

export async function previewPrice(ctx: Context, input: z.infer<typeof NewPrice>): Promise<PricePreview> {
  permit(ctx, 'catalog.read')
  let [before, after] = [0n, 0n]
  const { currency, price_book_id } = await listPrices(ctx, { history: false, price_book_id: input.price_book_id })
  const affected = new Set<string>()
  for (const account of await allAccounts(ctx)) {
    const contract = await contractOf(ctx, account.id)
    if (!contract || !(await isHeld(ctx, contract, price_book_id))) continue
    const now = { account_id: account.id, as_of: ctx.now() }
    const present = await draft(ctx, now).catch(unlessEmpty)
    if (!present) continue
    const period = { from: fromIso(present.period.from), to: fromIso(present.period.to) }
    const versions = await hypothetical(ctx, price_book_id, input, period)
    const prices = await pricesUnder(ctx, contract, period, LIVE, { price_book_id, versions })
    const changed = await draft(ctx, { ...now, prices })
    before += minorOf(present.totals.net, currency)
    after += minorOf(changed.totals.net, currency)
    for (const line of changed.lines)
      if (line.component === `${input.kind}.${input.meter}`) affected.add(line.resource.id)
  }
  return {
    affected_resources: affected.size,
    month_to_date_before: majorText(before, currency),
    month_to_date_after: majorText(after, currency),
    currency,
  }
}

/** Whether a contract has ever had the book: its own, or a negotiated one. */
async function isHeld(ctx: Context, contract: ContractInForce, price_book_id: string): Promise<boolean> {
  const books = await booksUnder(ctx, contract, { from: contract.from, to: ctx.now() }, LIVE)
  return books.some((book) => book.price_book_id === price_book_id)
}
