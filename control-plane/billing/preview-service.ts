/** What a decision about a service makes of this month's bill: the real decision in a savepoint that is undone. Writes nothing. */
import { getAccount } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { monthOf } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import type { Cancellation, NewSubscription, ServiceChange, Subscription } from '../contracts/contract.ts'
import { cancel, change, subscribe } from '../contracts/index.ts'
import type { Draft, ServicePreview } from './contract.ts'
import { draft, unlessEmpty } from './draft.ts'
import { undone } from './undone.ts'

export const previewSubscription = (
  ctx: Context,
  account_id: string,
  input: NewSubscription,
): Promise<ServicePreview> => preview(ctx, (inner) => subscribe(inner, account_id, input))
export const previewChange = (ctx: Context, id: string, input: ServiceChange): Promise<ServicePreview> =>
  preview(ctx, (inner) => change(inner, id, input))
export const previewCancellation = (ctx: Context, id: string, input: Cancellation): Promise<ServicePreview> =>
  preview(ctx, (inner) => cancel(inner, id, input))

type Decide = (ctx: Context) => Promise<Subscription>
async function preview(ctx: Context, decide: Decide): Promise<ServicePreview> {
  permit(ctx, 'contracts.write')
  permit(ctx, 'billing.read')
  const { service, after } = await undone(ctx, async (inner) => {
    const made = await decide(inner)
    return { service: made, after: await billOf(inner, made.account_id) }
  })
  const before = await billOf(ctx, service.account_id)
  return {
    service,
    until: (after ?? before)?.period.to ?? null,
    currency: service.currency,
    before: before?.totals ?? null,
    after: after?.totals ?? null,
    lines: linesOf(after, service.id),
    lines_before: linesOf(before, service.id),
  }
}

/** Lines of the service, and of what fulfils it at its plan's prices. */
const linesOf = (made: Draft | null, service_id: string): Draft['lines'] =>
  (made?.lines ?? []).filter((line) => line.service_id === service_id)

async function billOf(ctx: Context, account_id: string): Promise<Draft | null> {
  const { zone } = await getAccount(ctx, account_id)
  return draft(ctx, { account_id, as_of: monthOf(ctx.now(), zone).to }).catch(unlessEmpty)
}
