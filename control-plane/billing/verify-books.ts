/** At whose price each line is: of the price book that came first when it was used, by sums of milliseconds over the rows of books and versions. */
import { fromIso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import type { Line } from '../rating/contract.ts'
import { bookOfPrices, type BookTime, booksOfContract, type InvoiceRow, OWN, versionsOfBooks } from './store.ts'
import type { Report } from './verify-sums.ts'

/** Every line that no plan prices: its book was had for all of its time, and no book that goes before had a price then. */
export async function checkBooks(ctx: Context, invoice: InvoiceRow, lines: readonly Line[], report: Report) {
  const own = lines.filter((line) => line.plan === undefined)
  if (own.length === 0) return
  const bookOf = new Map(
    (await bookOfPrices(ctx, [...new Set(own.map((line) => line.price.id))])).map((row) => [row.id, row.price_book_id]),
  )
  const books = await booksOfContract(ctx, invoice)
  const negotiated = books.filter((one) => one.rank < OWN).map((one) => one.price_book_id)
  const versions = negotiated.length === 0 ? [] : await versionsOfBooks(ctx, [...new Set(negotiated)], invoice)
  for (const line of own) {
    const subject = `${invoice.number}/${line.id}`
    const had = books.filter((one) => one.price_book_id === bookOf.get(line.price.id))
    const [rank] = had.map((one) => one.rank)
    if (rank === undefined) {
      report('book', subject, 'Its price is of no book that the contract had.')
      continue
    }
    const before = books
      .filter((one) => one.rank < rank)
      .flatMap((book) =>
        versions
          .filter((one) => one.price_book_id === book.price_book_id && `${one.kind}.${one.meter}` === line.component)
          .map((one) => both(book, one)),
      )
    for (const { from, to } of [...line.segments, ...(line.price.times ?? [])]) {
      const [begin, end] = [fromIso(from), fromIso(to)]
      if (overlapMs(had, begin, end) !== end - begin)
        report(
          'book',
          subject,
          `The contract did not have the price book of this line for all of the stretch from ${from}.`,
        )
      if (overlapMs(before, begin, end) > 0)
        report('book', subject, `A book that goes before had a price of its own in the stretch from ${from}.`)
    }
  }
}

type Span = Pick<BookTime, 'from' | 'to'>
const both = (a: Span, b: Span): Span => ({
  from: Math.max(a.from, b.from),
  to: Math.min(a.to ?? Infinity, b.to ?? Infinity),
})
/** How long some stretches last within another; those of one book don't overlap, and of those before one is enough. */
const overlapMs = (spans: readonly Span[], from: number, to: number): number =>
  spans.reduce((sum, span) => sum + Math.max(0, Math.min(to, span.to ?? to) - Math.max(from, span.from)), 0)
