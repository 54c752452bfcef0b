/** The taxes and discounts of a document by other arithmetic than the engine's: sums and products, never a division. */
import { sure } from '../base/problem.ts'
import type { Line } from '../rating/contract.ts'
import type { InvoiceContent } from './contract.ts'
import type { InvoiceRow } from './store.ts'
import { isRounded, type Report, units } from './verify-sums.ts'

type TaxRow = InvoiceContent['taxes'][number]
/** Per cent as a fraction of whole numbers: "8.875" is 8875 ÷ 100000. */
function percent(rate: string): [bigint, bigint] {
  const [whole = '0', decimals = ''] = rate.split('.')
  return [BigInt(whole + decimals), 100n * 10n ** BigInt(decimals.length)]
}

/** Each category follows from its lines, bears a reason where it has no rate, and every line is in one. */
export function checkTax(invoice: InvoiceRow, lines: readonly Line[], report: Report): void {
  const { content, number } = invoice
  const keyOf = (category: string, rate: string) => `${category} at ${rate} %`
  const known = new Set(content.taxes.map((row) => keyOf(row.category, row.rate)))
  if (known.size < content.taxes.length) report('tax', number, 'A tax category is there twice.')
  for (const line of lines)
    if (!known.has(keyOf(line.tax_category, line.tax_rate)))
      report(
        'tax',
        `${number}/${line.id}`,
        `Tax category ${keyOf(line.tax_category, line.tax_rate)} is none of the document's.`,
      )
  for (const row of content.taxes) {
    const own = lines.filter((line) => line.tax_category === row.category && line.tax_rate === row.rate)
    // a note's tax follows from all that is billed, with the invoice and the notes before it
    if (!sumsUp(own, row, content.currency, invoice.document_type === 'invoice'))
      report('tax', number, `Tax category ${row.category} at ${row.rate} % does not follow from its base.`)
    checkReason(invoice, row, own, report)
  }
  if (invoice.document_type === 'invoice') checkDiscounts(invoice, lines, report)
}

function sumsUp(lines: readonly Line[], row: TaxRow, currency: string, isWhole: boolean): boolean {
  const of = (text: string) => units(text, currency)
  const base = lines.reduce((sum, line) => sum + of(line.net), 0n)
  if (base !== of(row.base)) return false
  if (!isWhole) return true
  const [n, d] = percent(row.rate)
  const inclusive = lines.filter((line) => line.gross_inclusive !== undefined)
  const gross = inclusive.reduce((sum, line) => sum + of(sure(line.gross_inclusive)), 0n)
  const net = inclusive.reduce((sum, line) => sum + of(line.net), 0n)
  // gross − net is n ÷ (n + d) of the gross, rounded once for the category; the lines share the net as they do the gross
  const grossOf = (line: Line) => of(sure(line.gross_inclusive))
  // charges and credits together: each its own amount without its tax
  const isShared = inclusive.some((line) => grossOf(line) < 0n)
    ? inclusive.every((line) => isNear(of(line.net) * (n + d), grossOf(line) * d, n + d))
    : inclusive.every((line) => isNear(of(line.net) * gross, grossOf(line) * net, gross))
  return (
    isShared && isRounded(gross - net, gross * n, n + d) && isRounded(of(row.tax) - (gross - net), (base - net) * n, d)
  )
}
/** Within one unit of what is owed exactly. */
const isNear = (given: bigint, owed: bigint, unit: bigint): boolean =>
  given === owed || (given - owed < unit && owed - given < unit)

/** The engine since which every invoice says why something on it bears no tax. */
const REASONS_SINCE = 6
const isZero = (rate: string): boolean => /^0*(\.0*)?$/.test(rate)
/** EN 16931: S and Z bear no reason; the others have no rate and, since documents name them, a reason. */
function checkReason(
  { content, number, document_type }: InvoiceRow,
  row: TaxRow,
  own: readonly Line[],
  report: Report,
): void {
  const isTaxed = row.category === 'S'
  if (isTaxed === isZero(row.rate)) report('tax', number, `Category ${row.category} has no rate of ${row.rate} %.`)
  const isPlain = isTaxed || row.category === 'Z'
  if (row.reason && isPlain) report('tax', number, `Category ${row.category} bears a reason, and needs none.`)
  // a note says those of its invoice, which may be of before
  if (!row.reason && !isPlain && document_type === 'invoice' && content.engine_version >= REASONS_SINCE)
    report('tax', number, `Category ${row.category} bears no reason for being without tax.`)
  const { seller, buyer } = content
  const named = seller.tax_id.trim() !== '' && buyer.tax_id.trim() !== ''
  // where the place of supply decided so, he showed one
  if (row.category === 'AE' && own.some((line) => line.tax_class !== undefined) && !named)
    report('tax', number, 'The tax is owed by the customer, but the VAT ids of both are not on the document.')
}

/** What each coupon took off: what its lines say, no more than it had, and a percentage of what its lines still had when its turn came. */
function checkDiscounts({ content, number }: InvoiceRow, lines: readonly Line[], report: Report): void {
  const of = (text: string | undefined) => units(text ?? '0', content.currency)
  const before = lines.map((line) => of(line.gross ?? line.gross_inclusive ?? line.net))
  for (const line of lines) {
    const off = (line.discounts ?? []).reduce((sum, one) => sum + of(one.amount), 0n)
    const after = of(line.gross_inclusive ?? line.net)
    if (line.discounts && (of(line.gross) - off !== after || after < 0n || off <= 0n))
      report('discount', `${number}/${line.id}`, 'Its amount less its discounts is not what is left of it.')
  }
  const known = new Set(content.coupons?.map((one) => one.redemption_id))
  if (lines.some((line) => line.discounts?.some((one) => !known.has(one.redemption_id))))
    report('discount', number, 'A line has a discount of a coupon that the document does not name.')
  for (const coupon of content.coupons ?? []) {
    const taken = lines.map((line) =>
      of(line.discounts?.find((one) => one.redemption_id === coupon.redemption_id)?.amount),
    )
    const total = taken.reduce((sum, one) => sum + one, 0n)
    // credits give back what was discounted before
    const isBase = (line: Line) => isOf(coupon, line) && of(line.net) >= 0n
    const bases = lines.map((line, index) => (isBase(line) ? sure(before[index]) : 0n))
    const whole = bases.reduce((sum, one) => sum + one, 0n)
    const [n, d] = percent(coupon.rate ?? '0')
    const most = of(coupon.left) < whole ? of(coupon.left) : whole
    const follows = coupon.type === 'percent' ? isRounded(total, whole * n, d) : total === most
    const isShared = taken.every((one, index) => isNear(one * whole, sure(bases[index]) * total, whole))
    if (!follows || !isShared || total !== of(coupon.used))
      report('discount', number, `What ${coupon.code} takes off does not follow from its lines.`)
    for (const [index, one] of taken.entries()) before[index] = sure(before[index]) - one
  }
}

function isOf({ scope }: NonNullable<InvoiceContent['coupons']>[number], { component, price }: Line): boolean {
  if (scope.type === 'account') return true
  if (scope.type === 'price_book') return scope.price_book_id === price.price_book_id
  return scope.components.includes(component) || scope.components.includes(component.slice(0, component.indexOf('.')))
}

type Uses = readonly { redemption_id: string; invoice_id: string; used: string }[]
/** What is kept of each redemption is what invoices say that they took of it, and together no more than it was worth. */
export function checkUses(documents: readonly InvoiceRow[], uses: Uses, report: Report): void {
  const kept = new Map(uses.map((one) => [`${one.invoice_id}/${one.redemption_id}`, one.used]))
  const worth = new Map<string, { most: bigint; taken: bigint }>()
  for (const { id, number, content } of documents.filter((one) => one.document_type === 'invoice'))
    for (const { redemption_id, code, left, used } of content.coupons ?? []) {
      const [key, taken] = [`${id}/${redemption_id}`, units(used, content.currency)]
      if (kept.get(key) !== taken.toString())
        report('discount', number, `What it took of ${code} is not what is kept of it.`)
      kept.delete(key)
      if (left === undefined) continue
      const one = worth.get(redemption_id) ?? { most: 0n, taken: 0n }
      const most = units(left, content.currency)
      worth.set(redemption_id, { most: most > one.most ? most : one.most, taken: one.taken + taken })
    }
  for (const key of kept.keys()) report('discount', key, 'A use of a coupon is kept for which there is no invoice.')
  for (const [redemption, { most, taken }] of worth)
    if (taken > most) report('discount', redemption, 'Invoices took more of it than it was worth.')
}
