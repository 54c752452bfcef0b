/** Verbs of rating: lines of an account for a period at a cut, what a resource costs now, and what became of each hour of usage. */
import type { z } from 'zod'
import { permit } from '../base/actor.ts'
import { fractionText, parseDecimal } from '../base/exact.ts'
import { majorText, toMinor } from '../base/money.ts'
import { newId } from '../base/id.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, HOUR_MS, iso } from '../base/time.ts'
import { considered } from '../catalog/index.ts'
import { getAccount } from '../accounts/index.ts'
import { openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { insertAccepted } from './store.ts'
import type { MeterName } from '../metering/contract.ts'
import { charged, chargeText, WHOLE } from './charge.ts'
import type { BlockedGap, NewGapAcceptance, NewQuote, Quote } from './contract.ts'
import type { Blocked, RatedResource } from './rules.ts'
import type { Missing } from './unrated.ts'

export { costPerMonth } from './cost.ts'
export { costings, costsNow } from './costing.ts'
export { pricedServices } from './fees.ts'
export { type Monthly, monthlyOf, standardMonthly } from './monthly.ts'
export { usageByDay, usageCsv } from './by-day.ts'
export { partsByDay } from './day-parts.ts'
export { partsOf, type ProjectOf } from './projects.ts'
export { mergedVersions } from './tariffs.ts'
export { pricesUnder } from './prices.ts'
export { rate, type RatedPeriod, type RatingRequest } from './rate.ts'
export { type Repriced, repriced } from './reprice.ts'
export { indexed } from './indexed.ts'
export { WHOLE } from './charge.ts'
export { chargesNothingUsed } from './whole.ts'
export { judge, usageAccounting } from './judge.ts'

/** What a quantity of one resource in a whole month would cost at a price that is only thought of. Writes nothing. */
export async function quote(
  ctx: Context,
  { price, quantity }: z.infer<typeof NewQuote>,
): Promise<z.infer<typeof Quote>> {
  permit(ctx, 'catalog.read')
  if (price.model === 'dynamic')
    throw new Problem(
      'invalid',
      'A price by an index has no one amount for a month: a unit costs what the index says when it is used.',
      [{ pointer: '/price/model', detail: 'must not be dynamic' }],
    )
  const { currency, ...priced } = await considered(ctx, price)
  const made = charged(priced, sure(parseDecimal(quantity, QUANTITY_PLACES)), WHOLE)
  return {
    amount: majorText(toMinor(made.amount, currency), currency),
    exact: fractionText(made.amount),
    currency,
    charge: chargeText(made),
  }
}
const QUANTITY_PLACES = 12

/** Unrated usage as the API shows it. */
export const presentMissing = ({ resource, meter, from, to, index }: Missing) => ({
  ...whose(resource),
  meter: meter as MeterName,
  hours: Math.ceil((to - from) / HOUR_MS),
  from: iso(from),
  to: iso(to),
  ...(index !== undefined && { index }),
})

/** Gaps that hold the invoice back, as the API shows them. */
export const presentBlocked = ({ resource, meter, from, to, cause }: Blocked): BlockedGap => ({
  ...whose(resource),
  meter,
  from: iso(from),
  to: iso(to),
  cause,
})
const whose = ({ for_account, ...resource }: RatedResource) => ({ resource, ...(for_account && { for_account }) })

/** Lets the account's next invoice go out with these gaps as they are, for a reason that stays on record. */
export async function acceptGaps(ctx: Context, account_id: string, { gaps, reason }: NewGapAcceptance): Promise<void> {
  permit(ctx, 'billing.write')
  await getAccount(ctx, account_id)
  for (const [index, { from, to }] of gaps.entries())
    if (to !== null && fromIso(to) <= fromIso(from))
      throw new Problem('invalid', 'A gap ends after it begins.', [
        { pointer: `/gaps/${index}/to`, detail: 'must be after from' },
      ])
  const cut = await openCut(ctx.tx)
  const shared = { account_id, reason, actor: ctx.actor.name, recorded_at: ctx.now(), cut }
  const list = gaps.map(({ resource_id, meter, from, to }) => ({
    ...shared,
    id: newId(),
    resource_id,
    meter,
    from_at: fromIso(from),
    to_at: to === null ? null : fromIso(to),
  }))
  await insertAccepted(ctx, list)
  await append(ctx, {
    type: 'gap.accepted',
    subject: { kind: 'account', id: account_id },
    account_id,
    after: { gaps, reason },
  })
}
