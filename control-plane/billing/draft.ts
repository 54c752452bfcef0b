/** A draft: what would be invoiced, a function of (account, as of, cut). Computed when asked; a close keeps what was rated for it. */
import { getAccount, getLegalEntity, listAccounts } from '../accounts/index.ts'
import { canonical } from '#connectors/contract.ts'
import type { Account, LegalEntity } from '../accounts/contract.ts'
import { permit } from '../base/actor.ts'
import { Problem } from '../base/problem.ts'
import { dateOf, type Instant, type Interval, iso, monthOf } from '../base/time.ts'
import { listPrices } from '../catalog/index.ts'
import { type ContractInForce, contractOf, servicesSince } from '../contracts/index.ts'
import { type ClosedCut, openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { allOf } from '../db/together.ts'
import { ownership, projectOfEach, requireSeen } from '../inventory/index.ts'
import { reportedUpTo } from '../metering/index.ts'
import {
  costsNow,
  presentBlocked,
  presentMissing,
  rate,
  type RatedPeriod,
  type RatingRequest,
} from '../rating/index.ts'
import { ENGINE_VERSION, type Line } from '../rating/contract.ts'
import { openCharges } from '../charges/index.ts'
import { byProject } from './by-project.ts'
import { chargeLines } from './charge-lines.ts'
import type { Draft, DraftSummary } from './contract.ts'
import type { z } from 'zod'
import { majorText } from '../base/money.ts'
import { couponsOn } from '../promotions/index.ts'
import { getTaxSetting, taxesOfSupply } from '../tax/index.ts'
import { reasonOf } from '../tax/rules.ts'
import { adjusted } from './adjust.ts'
import { brandingOf, minorOf, taxesOf, totalsOf, totalsText } from './rules.ts'
import { invoicedTo } from './store.ts'
import { withFees } from './terms/index.ts'

export const party = (who: Account | LegalEntity) => ({
  id: who.id,
  name: who.name,
  address: who.address,
  tax_id: who.tax_id,
  email: who.email,
})

/** Since when nothing of a contract was invoiced. */
export const openSince = async (ctx: Context, contract: ContractInForce): Promise<Instant> =>
  (await invoicedTo(ctx, contract)) ?? contract.from

/** From an instant on, at most to the end of its month; null where nothing is left of the contract. */
function periodFrom(from: Instant, contract: ContractInForce, zone: string, to: Instant): Interval | null {
  const end = Math.min(to, monthOf(from, zone).to, contract.to ?? Infinity)
  return from < end ? { from, to: end } : null
}

export interface DraftRequest {
  account_id: string
  /** end of the period, exclusive; null: as far as everything of the account has reported */
  as_of: Instant | null
  /** default: the open cut, all that is known now */
  cut?: ClosedCut
  /** instead of those of its books: a preview */
  prices?: RatingRequest['prices']
  /** what was rated for the same draft before: nothing is rated again where that would find the same */
  rated?: RatedDraft | null
}

/** What rating found at a closed cut, in a form that can be kept. Lines that wait for a price or a gap aren't: those drafts aren't issued. */
export interface RatedDraft {
  /** all that it is a function of */
  of: string
  period: Interval
  lines: Line[]
}

/** The next invoice of an account as it stands. Throws `nothing_to_invoice` where its period would be empty. */
export async function draft(ctx: Context, request: DraftRequest): Promise<Draft> {
  permit(ctx, 'billing.read')
  const account = await getAccount(ctx, request.account_id)
  // of the account that the caller reaches; made of facts from before a machine was its own, which he doesn't
  return await ctx.program(async (program) => (await compute(program, account, request)).made)
}

/** The same at a closed cut, and what was rated for it: to be kept until it is issued. */
export async function draftAndRated(
  ctx: Context,
  request: DraftRequest & { as_of: Instant; cut: ClosedCut },
): Promise<{ made: Draft; rated: RatedDraft | null }> {
  permit(ctx, 'billing.read')
  const { made, period, rated, of } = await compute(ctx, await getAccount(ctx, request.account_id), request)
  const isWhole = rated.unrated.length + rated.blocked.length === 0
  return { made, rated: isWhole && of !== null ? { of, period, lines: rated.lines } : null }
}

async function compute(ctx: Context, account: Account, request: DraftRequest) {
  const contract = await contractOf(ctx, account.id)
  if (!contract) throw new Problem('nothing_to_invoice', `${account.name} has no contract.`)
  const cut = request.cut ?? { number: await openCut(ctx.tx), closed_at: ctx.now() }
  const since = await openSince(ctx, contract)
  const first = (to: Instant) => periodFrom(since, contract, account.zone, to)
  const as_of = request.as_of ?? (await knownTo(ctx, account.id, cut))
  // right after an invoice nothing has been reported yet: what runs on is shown, only not issued
  const runsOn = request.as_of === null && !request.cut && !first(as_of)
  const to = runsOn ? cut.closed_at : as_of
  const begin = first(to)
  if (!begin)
    throw new Problem('nothing_to_invoice', `Everything of ${account.name} up to ${iso(as_of)} was invoiced already.`)
  const terms = { contract, zone: account.zone, cut: cut.number, ...(request.prices && { prices: request.prices }) }
  const charges = await openCharges(ctx, contract.id, cut.number)
  // what is done by now stands on a draft of the present, though usage may be known only to a moment ago
  const until = (period: Interval) =>
    request.as_of === null ? Math.min(monthOf(period.from, account.zone).to, cut.closed_at + 1) : period.to
  const due = (period: Interval) => charges.filter(({ at }) => at < until(period))
  const of = request.cut && !request.prices ? await functionOf(ctx, terms, begin, to) : null
  const known = request.rated?.of === of && request.rated.period.from === begin.from ? request.rated : null
  const { period, rated } = known
    ? { period: known.period, rated: { ...NOTHING, lines: known.lines } }
    : await firstRated(ctx, terms, begin, to, (one) => due(one).length > 0)
  const once = await chargeLines(ctx, contract, account.language, due(period))
  const lines = [...rated.lines, ...once]
  return { made: await presentDraft(ctx, account, { ...terms, period }, { ...rated, lines }), period, rated, of }
}

/** What the lines of a period are a function of: the facts are those of the cut, who sells and buys may change under it. */
async function functionOf(
  ctx: Context,
  { contract, zone, cut }: Omit<RatingRequest, 'period'>,
  begin: Interval,
  to: Instant,
): Promise<string> {
  const taxes = await taxesOfSupply(ctx, { ...contract, to: begin.to })
  return canonical([ENGINE_VERSION, contract, zone, cut, begin, to, taxes])
}

/** The taxes of a bill, with the reason of each that has no rate. */
export async function taxesWithReasons(
  ctx: Context,
  legal_entity_id: string,
  lines: readonly Line[],
  currency: string,
): Promise<Draft['taxes']> {
  const setting = await getTaxSetting(ctx, legal_entity_id)
  return taxesOf(lines, currency, (category) => reasonOf(category, setting))
}

/** What was rated, as a draft of who sells and who buys now. */
export async function presentDraft(
  ctx: Context,
  account: Account,
  { contract, period, zone, cut }: RatingRequest,
  { lines: rated, unrated, blocked }: RatedPeriod,
): Promise<Draft> {
  const { currency } = contract
  const seller = await getLegalEntity(ctx, contract.legal_entity_id)
  const { lines, coupons } = adjusted(rated, await couponsOn(ctx, { account_id: account.id, currency }), currency)
  const taxes = await taxesWithReasons(ctx, seller.id, lines, currency)
  return {
    account_id: account.id,
    contract_id: contract.id,
    period: { from: iso(period.from), to: iso(period.to) },
    month: dateOf(period.from, zone).slice(0, 7),
    cut,
    currency,
    seller: party(seller),
    buyer: party(account),
    ...brandingOf(seller),
    language: account.language,
    zone,
    lines,
    taxes,
    ...(coupons.length > 0 && { coupons }),
    totals: totalsText(totalsOf(lines, taxes, currency), currency),
    by_project: byProject(
      lines,
      await projectOfEach(ctx, account.id, assignmentsIn(lines)),
      account.projects,
      currency,
    ),
    unrated: unrated.map(presentMissing),
    blocked_gaps: blocked.map(presentBlocked),
  }
}

const assignmentsIn = (lines: readonly Line[]): string[] =>
  lines.flatMap((line) => line.segments.map((segment) => segment.assignment_id))

/** A month in which nothing was used and nothing charged is passed over: nobody gets a bill of nothing, and none waits for it for ever. */
async function firstRated(
  ctx: Context,
  terms: Omit<RatingRequest, 'period'>,
  begin: Interval,
  to: Instant,
  isCharged: (period: Interval) => boolean,
) {
  const { contract, zone, cut } = terms
  const owned = await ownership(ctx, { account_id: contract.account_id }, { from: begin.from, to }, cut)
  // before that nothing needs to be rated to know that nothing was used
  const since = (await servicesSince(ctx, contract.account_id, cut)) ?? Infinity
  const owner_since = owned.reduce((least, { from }) => Math.min(least, from ?? -Infinity), Math.min(since, to - 1))
  for (let period = begin; ;) {
    const used = period.to > owner_since ? await rate(ctx, { ...terms, period }) : NOTHING
    const rated = await withFees(ctx, { contract, period, cut }, used)
    const isEmpty = rated.lines.length + rated.unrated.length + rated.blocked.length === 0 && !isCharged(period)
    const next = isEmpty ? periodFrom(period.to, contract, zone, to) : null
    if (!next) return { period, rated }
    period = next
  }
}
const NOTHING: RatedPeriod = { lines: [], unrated: [], blocked: [], fees: [] }

/** Up to when everything of the account that still reports has reported: an invoice to there leaves nothing between two bills. */
export async function knownTo(ctx: Context, account_id: string, { number, closed_at }: ClosedCut): Promise<Instant> {
  const owned = await ownership(ctx, { account_id }, { from: closed_at, to: closed_at + 1 }, number)
  const ids = owned.map((row) => row.resource_id)
  return Math.min(closed_at, (await reportedUpTo(ctx, ids)) ?? closed_at)
}

/** The drafts of all accounts that have something to invoice. */
export async function drafts(ctx: Context): Promise<z.infer<typeof DraftSummary>[]> {
  permit(ctx, 'billing.read')
  const accounts = await allAccounts(ctx)
  return await ctx.program(async (program) => {
    const out: z.infer<typeof DraftSummary>[] = []
    for (let start = 0; start < accounts.length; start += DRAFTED_TOGETHER) {
      const some = accounts.slice(start, start + DRAFTED_TOGETHER)
      const made = await allOf(some.map((account) => summaryOf(program, account)))
      out.push(...made.filter((one) => one !== null))
    }
    return out
  })
}

/** Drafts that are made side by side in one transaction: the database is asked for all of them at once, and no more are held. */
export const DRAFTED_TOGETHER = 16

async function summaryOf(ctx: Context, account: Account): Promise<z.infer<typeof DraftSummary> | null> {
  const { made } = (await compute(ctx, account, { account_id: account.id, as_of: null }).catch(unlessEmpty)) ?? {}
  return (
    (made && {
      account: { id: account.id, name: account.name },
      period: made.period,
      currency: made.currency,
      totals: made.totals,
      line_count: made.lines.length,
      unrated_count: made.unrated.length,
      blocked_count: made.blocked_gaps.length,
    }) ??
    null
  )
}

export function unlessEmpty(error: unknown): null {
  if (error instanceof Problem && error.code === 'nothing_to_invoice') return null
  throw error
}

export async function allAccounts(ctx: Context): Promise<Account[]> {
  const out: Account[] = []
  let cursor: string | undefined
  do {
    const page = await listAccounts(ctx, { limit: 500, cursor })
    out.push(...page.items)
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  return out
}

/** What one resource costs: now per hour, and in the draft of its owner. */
export async function costOf(ctx: Context, resource_id: string) {
  permit(ctx, 'billing.read')
  const { row, held_until } = await requireSeen(ctx, resource_id)
  const isHeld = held_until === null
  const account_id = isHeld ? row.account_id : ctx.actor.account_id
  const [standard, costs] = await ctx.program(async (program) => [
    await listPrices(program, { history: false }),
    isHeld ? await costsNow(program, [resource_id]) : new Map<string, null>(),
  ])
  const per_hour = costs.get(resource_id) ?? null
  const made = account_id === null ? null : await draft(ctx, { account_id, as_of: null }).catch(unlessEmpty)
  const currency = per_hour?.currency ?? made?.currency ?? standard.currency
  const lines = made?.lines.filter((line) => line.resource.id === resource_id) ?? []
  const unrated =
    made?.unrated
      .filter((missing) => missing.resource.id === resource_id)
      .map((missing) => `${missing.resource.kind}.${missing.meter}`) ?? []
  const net = lines.reduce((sum, line) => sum + minorOf(line.net, currency), 0n)
  return {
    currency,
    per_hour: per_hour?.amount ?? null,
    month_to_date: majorText(net, currency),
    period: made?.period ?? null,
    unrated: [...new Set(unrated)],
    lines: lines.map((line) => ({
      line_id: line.id,
      component: line.component,
      quantity_display: line.quantity_display,
      unit: line.price.unit,
      per: line.price.per,
      amount: line.net,
    })),
  }
}
