/** The arithmetic of a document: tax per category on the category's base, totals, number, and the hash that freezes it. */
import { canonical, sha256 } from '#connectors/contract.ts'
import { add, divide, type Fraction, fraction, parseDecimal, percentOf } from '../base/exact.ts'
import { exponentOf, fromMinor, majorText, toMinor } from '../base/money.ts'
import { assert, Problem, sure } from '../base/problem.ts'
import type { Line } from '../rating/contract.ts'
import type { LegalEntity, Logo, TaxCategory } from '../accounts/contract.ts'
import type { TaxReason } from '../tax/contract.ts'
import {
  type DocumentBranding,
  type DocumentLine,
  type DocumentType,
  type Draft,
  type InvoiceContent,
  LOGO_LIMITS,
} from './contract.ts'

/** Minor units of decimal text of a currency. */
export function minorOf(text: string, currency: string): bigint {
  const amount = parseDecimal(text, exponentOf(currency))
  assert(amount, `${text} is an amount in ${currency}`)
  return toMinor(amount, currency)
}

type TaxedLine = Pick<Line, 'net' | 'gross_inclusive' | 'tax_category' | 'tax_rate'>
type ReasonOf = (category: TaxCategory, rate: string) => TaxReason | null

/**
 * EN 16931: the base of each category and rate is the sum of its line nets; its tax is rounded there, half away from zero. What was
 * priced without tax and what was priced with it are rounded each for itself, so that a gross price stays what it was.
 */
export function taxesOf(
  lines: readonly TaxedLine[],
  currency: string,
  reasonOf: ReasonOf = () => null,
): Draft['taxes'] {
  const sumOf = (list: readonly string[]) => list.reduce((sum, text) => sum + minorOf(text, currency), 0n)
  const bases = Map.groupBy(lines, (line) => `${line.tax_category}\n${line.tax_rate}`)
  return [...bases.values()]
    .map((group) => {
      const { tax_category: category, tax_rate: rate } = sure(group[0])
      const exclusive = group.filter((line) => line.gross_inclusive === undefined)
      const gross = sumOf(group.flatMap((line) => line.gross_inclusive ?? []))
      const tax = taxOf(sumOf(exclusive.map((line) => line.net)), rate, currency) + taxWithin(gross, rate, currency)
      const base = sumOf(group.map((line) => line.net))
      const reason = reasonOf(category, rate)
      return {
        category,
        rate,
        base: majorText(base, currency),
        tax: majorText(tax, currency),
        ...(reason && { reason }),
      }
    })
    .toSorted((a, b) => (a.category + a.rate < b.category + b.rate ? -1 : 1))
}

/** Rates such as 8.875 % are given in per cent. */
const RATE_PLACES = 6
/** Tax on a base, in major units and not rounded yet. */
export function exactTax(base: Fraction, rate: string): Fraction {
  const percent = parseDecimal(rate, RATE_PLACES)
  assert(percent, `${rate} is a tax rate`)
  return percentOf(base, percent)
}

/** Rounded where it is told: once on its base, half away from zero. */
export const taxOf = (base: bigint, rate: string, currency: string): bigint =>
  toMinor(exactTax(fromMinor(base, currency), rate), currency)

/** What of a gross amount is tax: gross × r ÷ (1 + r), rounded half away from zero. */
export function taxWithin(gross: bigint, rate: string, currency: string): bigint {
  const whole = fromMinor(gross, currency)
  return toMinor(divide(exactTax(whole, rate), add(fraction(1n), exactTax(fraction(1n), rate))), currency)
}

export interface MinorTotals {
  net: bigint
  tax: bigint
  total: bigint
}
/** net = Σ lines, tax = Σ categories, total = net + tax. */
export function totalsOf(lines: readonly Pick<Line, 'net'>[], taxes: Draft['taxes'], currency: string): MinorTotals {
  const net = lines.reduce((sum, line) => sum + minorOf(line.net, currency), 0n)
  const tax = taxes.reduce((sum, row) => sum + minorOf(row.tax, currency), 0n)
  return { net, tax, total: net + tax }
}

export const totalsText = ({ net, tax, total }: MinorTotals, currency: string): Draft['totals'] => ({
  net: majorText(net, currency),
  tax: majorText(tax, currency),
  total: majorText(total, currency),
})

/** How documents of a seller look; nothing where he chose nothing, so that such content is what it always was. */
export function brandingOf({ branding, logo }: Pick<LegalEntity, 'branding' | 'logo'>): {
  branding?: DocumentBranding
} {
  const { colour, footer, bank } = branding
  const isPlain = colour === null && footer.en === '' && footer.es === '' && bank === null && logo === null
  return isPlain ? {} : { branding: { ...branding, logo } }
}

/** What an image is, by its bytes; null for anything but a PNG or JPEG. Sizes in pixels. */
export function imageOf(bytes: Uint8Array): { media_type: Logo['media_type']; width: number; height: number } | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return pngOf(view) ?? jpegOf(view)
}

/** https://www.w3.org/TR/png-3/#5PNG-file-signature, and its first chunk, IHDR. */
function pngOf(view: DataView) {
  if (view.byteLength < 33 || view.getBigUint64(0) !== 0x89_50_4e_47_0d_0a_1a_0an) return null
  if (view.getUint32(8) !== 13 || view.getUint32(12) !== 0x49_48_44_52) return null
  return { media_type: 'image/png' as const, width: view.getUint32(16), height: view.getUint32(20) }
}

/** ITU-T T.81, B.1: segments up to the frame header, which holds the size. */
function jpegOf(view: DataView) {
  if (view.byteLength < 4 || view.getUint16(0) !== 0xff_d8) return null
  for (let at = 2; at + 9 <= view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at)
    if (marker >> 8 !== 0xff || marker === 0xff_d9 || marker === 0xff_da) return null
    const isFrame = marker >= 0xff_c0 && marker <= 0xff_cf && ![0xff_c4, 0xff_c8, 0xff_cc].includes(marker)
    if (isFrame)
      return { media_type: 'image/jpeg' as const, width: view.getUint16(at + 7), height: view.getUint16(at + 5) }
  }
  return null
}

/** Why an image can't be a logo; null where it can. */
export function whyNoLogo(bytes: Uint8Array): string | null {
  const image = imageOf(bytes)
  if (bytes.byteLength > LOGO_LIMITS.bytes) return 'must be at most 512 KiB; make it smaller'
  if (!image) return 'must be a PNG or JPEG image: its first bytes are neither'
  const { side_px } = LOGO_LIMITS
  if (image.width < 1 || image.height < 1 || image.width > side_px || image.height > side_px)
    return `must be at most ${side_px} × ${side_px} pixels; this one says ${image.width} × ${image.height}`
  return null
}

/** After the year, where no other company's prefix can make the same number of it. */
const SERIES_MARKS: Record<DocumentType, string> = { invoice: '', credit_note: 'CN-', debit_note: 'DN-' }
/** "A-2026-000001", "A-2026-CN-000001": prefix, year of issue in the entity's zone, series, gapless number. */
export const numberText = (prefix: string, document_type: DocumentType, year: number, number: number): string =>
  `${prefix}${year}-${SERIES_MARKS[document_type]}${number.toString().padStart(6, '0')}`

/** A credit note's amounts are credits, positive as EN 16931 wants them of type 381: what they add to what is owed is their negative. */
export const signOf = (document_type: DocumentType): bigint => (document_type === 'credit_note' ? -1n : 1n)

/** SHA-256 over content, lines and the hash of the document before it in its series. */
export const contentHash = (content: InvoiceContent, lines: readonly DocumentLine[], previous_hash: string): string =>
  contentHashOf(content, lines.map(canonical), previous_hash)
/** The same of lines whose canonical text is known. */
export const contentHashOf = (content: InvoiceContent, lines: readonly string[], previous_hash: string): string =>
  sha256(`[${canonical(content)},[${lines.join(',')}],${JSON.stringify(previous_hash)}]`)

/** What binds a rendered file to its invoice and language: no file passes as another's. */
export const documentBinding = (content_hash: string, language: string, file_sha256: string): string =>
  sha256(canonical([content_hash, language, file_sha256]))

/** Throws `conflict` where what lies outside the scope of tax would stand beside what is taxed: EN 16931 (BR-O-11 to BR-O-14) has no such document. */
export function refuseMixed({ lines, taxes }: { lines: readonly DocumentLine[]; taxes: Draft['taxes'] }): void {
  if (taxes.length < 2 || !taxes.some(({ category }) => category === 'O')) return
  const outside = lines.filter((line) => line.tax_category === 'O')
  const some = [...new Set(outside.map((line) => `${line.resource.name} (${line.component})`))]
  throw new Problem(
    'conflict',
    `What is outside the scope of tax stands on no document beside what is taxed or exempt (EN 16931, BR-O-11 to BR-O-14): ${some.slice(0, 3).join(', ')}${some.length > 3 ? ', …' : ''}. Give its price another tax class, or sell it to an account of its own.`,
  )
}
