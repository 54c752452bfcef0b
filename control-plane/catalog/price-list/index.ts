/** Verbs of price lists: what a provider's list would change in a cost book, and the same done. All of it or nothing. */
import { permit } from '../../base/actor.ts'
import { type FieldError, Problem, sure } from '../../base/problem.ts'
import { fromIso } from '../../base/time.ts'
import type { Context } from '../../db/index.ts'
import type { NewPrice, NewPriceList, PriceListReport } from '../contract.ts'
import { listCostBooks } from '../costs/index.ts'
import { assertCost, assertOneAttribute } from '../costs/rules.ts'
import { addPrice, decided } from '../index.ts'
import { assertFits, conditionKey } from '../rules.ts'
import { listVersions, lockBook, type PriceBook, type PriceVersion } from '../store.ts'
import { readPriceList, saysSame } from './rules.ts'

type Row = PriceListReport['rows'][number]
type Judged = Row & { decision: NewPrice | null }

/** What a list would add, change and leave, and what is wrong in which line. Writes nothing. */
export async function previewPriceList(ctx: Context, id: string, input: NewPriceList): Promise<PriceListReport> {
  permit(ctx, 'catalog.write')
  const book = await bookOf(ctx, id)
  return reported(await judged(ctx, book, input))
}

/** Records what a list says and the book doesn't say yet: the same list once more records nothing. Throws where a line is refused. */
export async function importPriceList(ctx: Context, id: string, input: NewPriceList): Promise<PriceListReport> {
  permit(ctx, 'catalog.write')
  const book = await bookOf(ctx, id)
  const found = await judged(ctx, book, input)
  const errors = found.rows.flatMap(({ line, detail }): FieldError[] =>
    detail === null ? [] : [{ pointer: '/csv', detail: `line ${line}: ${detail}` }],
  )
  if (errors.length > 0)
    throw new Problem(
      'invalid',
      `Nothing of the list was recorded, for ${errors.length} of its lines can’t be. Correct them, or take them out: ${sure(errors[0]).detail}`,
      errors.slice(0, SHOWN_ERRORS),
    )
  for (const { decision, state } of found.rows) if (decision && state !== 'unchanged') await addPrice(ctx, decision)
  return reported(found)
}
const SHOWN_ERRORS = 100

/** The prices of a cost book, held: who decides about them comes after. */
async function bookOf(ctx: Context, id: string): Promise<PriceBook> {
  const book = (await listCostBooks(ctx)).items.find((one) => one.id === id)
  if (!book) throw new Problem('not_found', `There is no cost book ${id}.`)
  return sure(await lockBook(ctx.tx, book.price_book_id))
}

interface Found {
  rows: Judged[]
  kept: number
}
async function judged(ctx: Context, book: PriceBook, { csv, ...when }: NewPriceList): Promise<Found> {
  const at = when.effective_at === undefined ? ctx.now() : fromIso(when.effective_at)
  const live = await listVersions(ctx.tx, book.id, null)
  const holding = live.filter(({ effective_at, ends_at }) => effective_at <= at && (ends_at === null || ends_at > at))
  const versions = Map.groupBy(live, componentOf)
  const byKey = new Map(holding.map((one) => [keyOf(one), one]))
  const listed = new Map<string, NewPrice>()
  const rows: Judged[] = []
  for (const { line, price, faults } of readPriceList(csv, book.currency)) {
    if (!price) {
      rows.push({ line, state: 'refused', price: null, before: null, detail: faults.join('; '), decision: null })
      continue
    }
    const decision = { ...price, ...when, price_book_id: book.id }
    const now = byKey.get(keyOf(price))
    const asked = { decision, book, all: versions.get(componentOf(price)) ?? [], now, listed }
    const detail = await faultOf(ctx, asked)
    const state = detail !== null ? 'refused' : !now ? 'added' : saysSame(now, price) ? 'unchanged' : 'changed'
    const { kind, meter, applies_to, per, unit, amount } = price
    const told = { kind, meter, per, unit, amount, ...(applies_to && { applies_to }) }
    rows.push({ line, state, price: told, before: state === 'changed' && now ? now.amount : null, detail, decision })
    listed.set(keyOf(price), price)
  }
  return { rows, kept: holding.filter((one) => !listed.has(keyOf(one))).length }
}

interface Asked {
  decision: NewPrice
  book: PriceBook
  /** live versions of its component */
  all: readonly PriceVersion[]
  /** which of them holds now */
  now: PriceVersion | undefined
  /** what earlier lines say */
  listed: ReadonlyMap<string, NewPrice>
}
/** Why a line can't be recorded, in the words of the verb that would. */
async function faultOf(ctx: Context, { decision, book, all, now, listed }: Asked): Promise<string | null> {
  const before = [...listed.values()].filter((one) => componentOf(one) === componentOf(decision))
  try {
    assertFits(decision)
    assertCost(decision)
    assertOneAttribute(decision.applies_to, [...all, ...before])
    if (!now || !saysSame(now, decision)) await decided(ctx, decision, book, all, ctx.now())
    return null
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return [error.message, ...error.errors.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`)].join(' ')
  }
}

const componentOf = ({ kind, meter }: Pick<NewPrice, 'kind' | 'meter'>): string => `${kind}.${meter}`
const keyOf = (price: Pick<NewPrice, 'kind' | 'meter'> & { applies_to?: NewPrice['applies_to'] | null }): string =>
  `${componentOf(price)}${conditionKey(price.applies_to)}`

const reported = ({ rows, kept }: Found): PriceListReport => ({
  rows: rows.map(({ decision: _decision, ...row }) => row),
  kept,
})
