/** Many decisions about prices, all from one instant: what holds then, and new versions of all of it in one go. */
import { canonical } from '#connectors/contract.ts'
import { permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import type { Instant } from '../../base/time.ts'
import { openCut } from '../../db/cut.ts'
import { type Context, databaseError } from '../../db/index.ts'
import { assertIndex } from '../../indexes/index.ts'
import type { NewPrice, Price } from '../contract.ts'
import { assertUnconditional } from '../costs/rules.ts'
import { assertFits, assertMayHold, type Change, choicesOf, decide, overlap, trimmed } from '../rules.ts'
import { type PriceBook, type PriceVersion, remainder } from '../store.ts'
import { assertTerms, keptTerms } from '../terms.ts'
import { booksNamed, booksOf, endKnowledge, endVersions, insertVersions, liveAfter, lockBooks } from './store.ts'

/** What a price says, wherever and whenever it holds. */
export type PriceContent = Pick<Price, 'model' | 'per' | 'unit' | 'amount' | 'terms' | 'gap_policy'>
export type PriceKey = Pick<Price, 'price_book_id' | 'kind' | 'meter'>
export interface HeldPrice extends PriceKey {
  content: PriceContent
  version_id: string
  ends_at: Instant | null
}
export interface PriceDecision extends PriceKey {
  content: PriceContent
}

export const priceKey = ({ price_book_id, kind, meter }: PriceKey): string => `${price_book_id}/${kind}.${meter}`
/** Two prices that say the same are equal in it. */
export const contentOf = ({ model, per, unit, amount, terms, gap_policy }: PriceContent): PriceContent => ({
  model,
  per,
  unit,
  amount,
  terms: keptTerms(terms),
  gap_policy,
})

/** A decision as it is kept. Throws `wrong_unit` or `invalid` where it can't be charged so. */
export function assertPrice(price: NewContent): PriceContent {
  assertFits(price)
  assertTerms(price)
  assertUnconditional(price)
  const { model, per, unit, amount = '0', terms, gap_policy = choicesOf(price.meter).gap_policies[0] } = price
  return { model, per, unit, amount: trimmed(amount), terms: keptTerms(terms), gap_policy }
}
type NewContent = Pick<
  NewPrice,
  'kind' | 'meter' | 'model' | 'per' | 'unit' | 'amount' | 'terms' | 'applies_to' | 'gap_policy'
>

/** Price books of what is sold by their ids, or all of them; those that are no longer there are left out. Costs have verbs of their own. */
export async function priceBooks(ctx: Context, ids?: readonly string[]): Promise<PriceBook[]> {
  permit(ctx, 'catalog.read')
  return booksNamed(ctx.tx, ids)
}

/** The prices of some books that hold at an instant, as decided now, by book, kind and meter. */
export async function pricesHolding(
  ctx: Context,
  price_book_ids: readonly string[],
  at: Instant,
): Promise<HeldPrice[]> {
  permit(ctx, 'catalog.read')
  const live = await liveAfter(ctx.tx, price_book_ids, at)
  return live
    .filter(({ effective_at, ends_at }) => effective_at <= at && ends_at !== at)
    .map(({ id, price_book_id, kind, meter, ends_at, ...content }) => ({
      price_book_id,
      kind,
      meter,
      content: contentOf(content),
      version_id: id,
      ends_at,
    }))
}

/** The books, held until the transaction ends: whoever decides about their prices comes after. Returns the time of the decision. */
export async function holdPrices(ctx: Context, price_book_ids: readonly string[]): Promise<Instant> {
  permit(ctx, 'catalog.write')
  await lockBooks(ctx.tx, price_book_ids)
  return ctx.now()
}

/** To which book each version belongs, whatever became of it since. */
export async function booksOfVersions(ctx: Context, ids: readonly string[]): Promise<Map<string, string>> {
  permit(ctx, 'catalog.read')
  return booksOf(ctx.tx, ids)
}

export interface Revision {
  effective_at: Instant
  /** when its books were held */
  now: Instant
  reason: string
  /** a version that begins at the same instant is replaced: it is known no more, and stays in the table */
  replaces: boolean
}

/**
 * New versions of many prices of books that the caller holds, in a few statements however many there are; his transaction tells of them
 * by one event.
 * Throws `past_price` for an instant that has passed, `price_overlap` where a version begins at the same instant, unless it is replaced.
 */
export async function revisePrices(
  ctx: Context,
  { effective_at, now, reason, replaces }: Revision,
  decisions: readonly PriceDecision[],
): Promise<void> {
  permit(ctx, 'catalog.write')
  const books = [...new Set(decisions.map(({ price_book_id }) => price_book_id))]
  assertMayHold({ effective_at, correction: false, reason }, now)
  for (const { kind, meter, content } of decisions) {
    assertFits({ kind, meter, ...content })
    assertTerms({ meter, ...content, terms: content.terms ?? undefined })
  }
  await assertIndexes(ctx, decisions)
  const live = Map.groupBy(await liveAfter(ctx.tx, books, effective_at), priceKey)
  const open = await openCut(ctx.tx)
  const written = { actor: ctx.actor.name, reason: reason.trim(), recorded_at: now, cut_from: open, cut_to: null }
  const [changes, fresh]: [Change<PriceVersion>[], PriceVersion[]] = [[], []]
  for (const decision of decisions) {
    const { content, ...key } = decision
    const own = live.get(priceKey(decision)) ?? []
    const change = decide(own, effective_at, replaces || saysNothingNew(own, effective_at))
    changes.push(change)
    const said = { ...contentOf(content), ...taxOf(change), applies_to: null }
    fresh.push({ ...said, ...key, ...change.span, ...written, id: newId() })
  }
  await write(ctx, changes, fresh, open)
}

/** An index is of the currency of the book whose price goes by it. */
async function assertIndexes(ctx: Context, decisions: readonly PriceDecision[]): Promise<void> {
  const byIndex = decisions.filter(({ content }) => content.terms?.index)
  if (byIndex.length === 0) return
  const books = await booksNamed(
    ctx.tx,
    byIndex.map(({ price_book_id }) => price_book_id),
  )
  const currencyOf = new Map(books.map(({ id, currency }) => [id, currency]))
  for (const { price_book_id, content } of byIndex)
    await assertIndex(ctx, content.terms?.index?.id, currencyOf.get(price_book_id) ?? '')
}

/** How the price is taxed stays as it was; a new one is taxed as most things are. */
function taxOf({ shorten, supersede }: Change<PriceVersion>): Pick<PriceVersion, 'tax_class' | 'tax_inclusive'> {
  const { tax_class = 'standard', tax_inclusive = false } = shorten?.version ?? supersede[0] ?? {}
  return { tax_class, tax_inclusive }
}

/** A version that goes on with what ended there, as an undo leaves it, is no decision that another could contradict. */
function saysNothingNew(live: readonly PriceVersion[], at: Instant): boolean {
  const [before, same] = [live.find(({ ends_at }) => ends_at === at), live.find((one) => one.effective_at === at)]
  return before !== undefined && same !== undefined && canonical(contentOf(before)) === canonical(contentOf(same))
}

/** What no closed cut knew is shortened where it stands; what one knew stays for it, and its remainder is a row of its own. */
async function write(
  ctx: Context,
  changes: readonly Change<PriceVersion>[],
  fresh: readonly PriceVersion[],
  open: number,
): Promise<void> {
  const shortened = changes.flatMap(({ shorten }) => shorten ?? [])
  const inPlace = new Set(shortened.filter(({ version }) => version.cut_from === open).map(({ version }) => version.id))
  const ended = changes.flatMap(({ supersede }) => supersede).filter(({ id }) => !inPlace.has(id))
  const remainders = shortened
    .filter(({ version }) => !inPlace.has(version.id))
    .map(({ version, ends_at }) => remainder(version, ends_at, open))
  try {
    await endKnowledge(ctx.tx, ended, open)
    await endVersions(ctx.tx, [...inPlace], shortened[0]?.ends_at ?? 0)
    await insertVersions(ctx.tx, [...remainders, ...fresh])
  } catch (error) {
    if (databaseError(error)?.constraint === 'price_version_no_overlap') throw overlap()
    throw error
  }
}
