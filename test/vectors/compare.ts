/** What a vector expects against what was computed: numbers of equal value, field by field. */
import {
  compare,
  type Fraction,
  fractionText,
  parseDecimal,
  parseFraction,
  subtract,
  toDecimal,
} from '#control-plane/base/exact.ts'

/** A sum of money as the model makes it, and as it stands on a document. */
export interface Both {
  exact: Fraction
  /** rounded once to the currency's decimals */
  told: Fraction
  places: number
}
export type Got = Fraction | Both | readonly Got[]

/** Differences in words; none where every expected field was computed and is equal. */
export function differences(expected: Readonly<Record<string, unknown>>, got: Readonly<Record<string, Got>>): string[] {
  return Object.entries(expected).flatMap(([field, value]) => {
    const own = got[field]
    if (own === undefined) return [`${field}: nothing computes this field`]
    return isEqual(value, own) ? [] : [`${field}: expected ${JSON.stringify(value)}, got ${show(own)}`]
  })
}

function isEqual(value: unknown, got: Got): boolean {
  if (isList(got)) {
    if (!Array.isArray(value) || value.length > got.length) return false
    // tiers that were not reached may be left out
    return got.every((own, index) => isEqual(value[index] ?? '0', own))
  }
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return false
  if (/^-?\d+\/\d+$/.test(text)) return compare(parseFraction(text), exactOf(got)) === 0
  const decimals = text.split('.')[1]?.length ?? 0
  const wanted = parseDecimal(text, 30)
  if (!wanted) return false
  if ('places' in got && decimals <= got.places) return compare(wanted, got.told) === 0
  return compare(wanted, exactOf(got)) === 0 || isPrinted(wanted, exactOf(got), decimals)
}

/** From so many decimals on a number may be one that its source had rounded, part by part or as a double. */
const PRINTED_DECIMALS = 5
/** True where an endless fraction was written down with so many decimals: within one unit of the last of them. */
function isPrinted(wanted: Fraction, exact: Fraction, decimals: number): boolean {
  if (decimals < PRINTED_DECIMALS || isDecimal(exact, decimals)) return false
  const { num, den } = subtract(wanted, exact)
  return (num < 0n ? -num : num) * 10n ** BigInt(decimals) < den
}
const isDecimal = ({ num, den }: Fraction, places: number): boolean => (num * 10n ** BigInt(places)) % den === 0n

const isList = (got: Got): got is readonly Got[] => Array.isArray(got)
const exactOf = (got: Fraction | Both): Fraction => ('exact' in got ? got.exact : got)
function show(got: Got): string {
  if (isList(got)) return `[${got.map(show).join(', ')}]`
  const exact = exactOf(got)
  const text = isDecimal(exact, 12) ? toDecimal(exact, 12) : `${toDecimal(exact, 12)}… (${fractionText(exact)})`
  return 'told' in got && compare(got.told, exact) !== 0 ? `${toDecimal(got.told, got.places)} (${text})` : text
}
