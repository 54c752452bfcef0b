/** The verbs of negotiated books: a contract has one beside its own for a time, and readers of prices learn which come first. */
import { getAccount } from '../../accounts/index.ts'
import { permit } from '../../base/actor.ts'
import { newId } from '../../base/id.ts'
import { Problem, sure } from '../../base/problem.ts'
import { fromIso, type Instant, type Interval, iso } from '../../base/time.ts'
import { priceBooks } from '../../catalog/index.ts'
import type { NegotiatedFor } from '../../catalog/contract.ts'
import { openCut } from '../../db/cut.ts'
import { attempt, type Context, databaseError } from '../../db/index.ts'
import { append } from '../../events/index.ts'
import type { BookAssignment, BookEnd, ContractInForce, NewBookAssignment } from '../contract.ts'
import { again } from '../services/decision.ts'
import { assertMayHold, ended } from '../services/rules.ts'
import { contractAt, type ContractRow } from '../store.ts'
import { type HeldBook, inOrder, taken } from './rules.ts'
import * as store from './store.ts'

export type { HeldBook } from './rules.ts'

/** The price books of a contract in an interval, as known to a cut: the most specific first, its own last. */
export async function booksUnder(
  ctx: Context,
  { id, price_book_id }: Pick<ContractInForce, 'id' | 'price_book_id'>,
  interval: Interval,
  cut: number,
): Promise<HeldBook[]> {
  permit(ctx, 'catalog.read')
  return inOrder(await store.booksWithin(ctx, id, interval, cut), price_book_id)
}

/** What was negotiated with an account, the oldest first. */
export async function listBooksOf(ctx: Context, account_id: string): Promise<BookAssignment[]> {
  permit(ctx, 'catalog.read')
  await getAccount(ctx, account_id)
  return present(ctx, await store.liveBooks(ctx.tx, { account_id }))
}

/** Who has a negotiated book: a group is those who have its book. */
export async function listHolders(ctx: Context, price_book_id: string): Promise<BookAssignment[]> {
  permit(ctx, 'catalog.read')
  await negotiated(ctx, price_book_id)
  return present(ctx, await store.liveBooks(ctx.tx, { price_book_id }))
}

/** From an instant on, and until another where one is named, an account has the prices of a negotiated book before those of its own. */
export async function assignBook(ctx: Context, account_id: string, input: NewBookAssignment): Promise<BookAssignment> {
  permit(ctx, 'contracts.write')
  await getAccount(ctx, account_id)
  const cut = await openCut(ctx.tx)
  const now = ctx.now()
  const span = {
    valid_from: input.from === undefined ? now : fromIso(input.from),
    valid_to: input.to == null ? null : fromIso(input.to),
  }
  if (span.valid_to !== null && span.valid_to <= span.valid_from)
    throw new Problem('invalid', 'A book holds from an instant until a later one.', [
      { pointer: '/to', detail: 'must be after from' },
    ])
  assertMayHold({ ...input, at: span.valid_from }, now, '/from')
  const book = await negotiated(ctx, input.price_book_id)
  const contract = await contractFor(ctx, account_id, span.valid_from, book)
  const row: store.BookRow = {
    ...span,
    id: newId(),
    account_id,
    contract_id: contract.id,
    price_book_id: book.id,
    negotiated_for: book.negotiated_for,
    actor: ctx.actor.name,
    reason: input.reason.trim(),
    recorded_at: now,
    cut_from: cut,
    cut_to: null,
  }
  await record(ctx, row)
  const made = sure((await present(ctx, [row]))[0])
  await append(ctx, {
    type: 'price_book.assigned',
    subject: { kind: 'contract', id: contract.id },
    account_id,
    after: made,
  })
  return made
}

/** From an instant on the book holds no more; from its beginning on: it never held. Answers what is left of it. */
export async function endBook(ctx: Context, id: string, input: BookEnd): Promise<BookAssignment | null> {
  permit(ctx, 'contracts.write')
  const cut = await openCut(ctx.tx)
  const now = ctx.now()
  const at = input.at === undefined ? now : fromIso(input.at)
  assertMayHold({ ...input, at }, now, '/at')
  const live = await store.lockBook(ctx.tx, id)
  if (!live) throw new Problem('not_found', `There is no assignment ${id} of a price book by now: list them again.`)
  const { superseded, kept } = ended([live], at)
  if (superseded.length === 0)
    throw new Problem('conflict', 'The book has ended by then already.', [
      { pointer: '/at', detail: 'must lie before its end' },
    ])
  const [before] = await present(ctx, [live])
  await store.supersede(ctx.tx, live, cut)
  const rows = again(kept, cut)
  await store.insertBooks(ctx.tx, rows)
  const [after = null] = await present(ctx, rows)
  await append(ctx, {
    type: 'price_book.ended',
    subject: { kind: 'contract', id: live.contract_id },
    account_id: live.account_id,
    before: sure(before),
    after: { at: iso(at), reason: input.reason.trim(), assignment: after },
  })
  return after
}

/** In a savepoint: the database itself refuses what overlaps. */
async function record(ctx: Context, row: store.BookRow): Promise<void> {
  try {
    await attempt(ctx, (inner) => store.insertBooks(inner.tx, [row]))
  } catch (error) {
    if (databaseError(error)?.constraint === 'contract_book_no_overlap') throw taken(row.negotiated_for)
    throw error
  }
}

type Book = Awaited<ReturnType<typeof priceBooks>>[number]
async function negotiated(ctx: Context, id: string): Promise<Book & { negotiated_for: NegotiatedFor }> {
  const [book] = await priceBooks(ctx, [id])
  if (!book) throw new Problem('not_found', `There is no price book ${id}; GET /price-books lists them.`)
  const { negotiated_for } = book
  if (negotiated_for) return { ...book, negotiated_for }
  throw new Problem('invalid', `${book.name} holds no negotiated prices: make a book for them.`, [
    { pointer: '/price_book_id', detail: 'must be a negotiated book' },
  ])
}

async function contractFor(ctx: Context, account_id: string, at: Instant, book: Book): Promise<ContractRow> {
  const row = await contractAt(ctx, account_id, at)
  if (!row)
    throw new Problem('conflict', 'The account has no contract at that instant.', [
      { pointer: '/from', detail: 'must lie within a contract of the account' },
    ])
  const say = (detail: string) =>
    new Problem('conflict', `${book.name} can't be had under this contract: ${detail}.`, [
      { pointer: '/price_book_id', detail },
    ])
  if (book.legal_entity_id !== row.legal_entity_id) throw say('another company sells under it')
  if (book.currency !== row.currency) throw say(`it is in ${book.currency}, the contract in ${row.currency}`)
  return row
}

async function present(ctx: Context, list: readonly store.BookRow[]): Promise<BookAssignment[]> {
  if (list.length === 0) return []
  const found = await priceBooks(ctx, [...new Set(list.map((row) => row.price_book_id))])
  const books = new Map(found.map((book) => [book.id, book]))
  const accounts = await store.accountNames(
    ctx,
    list.map((row) => row.account_id),
  )
  const names = new Map(accounts.map(({ id, name }) => [id, name]))
  return list.map((row) => ({
    id: row.id,
    account: { id: row.account_id, name: names.get(row.account_id) ?? '' },
    contract_id: row.contract_id,
    price_book: { id: row.price_book_id, name: sure(books.get(row.price_book_id)).name },
    negotiated_for: row.negotiated_for,
    from: iso(row.valid_from),
    to: row.valid_to === null ? null : iso(row.valid_to),
    actor: row.actor,
    reason: row.reason,
    recorded_at: iso(row.recorded_at),
  }))
}
