/** A line of a price by an index, as documents tell it: which index, and what a unit cost on average and at the least and most. */
import type { Language } from '../accounts/contract.ts'
import { compare, divide, type Fraction, fraction, larger, parseFraction, smaller, toDecimal } from '../base/exact.ts'
import type { Line } from '../rating/contract.ts'

const PLACES = 6
type Told = Pick<Line, 'price' | 'segments' | 'exact' | 'quantity' | 'divisor'>

/** What a unit cost on average, rounded for people; null of other prices, and where nothing was used. */
export function averagePrice({ price, exact, quantity, divisor }: Told): string | null {
  if (!price.index || BigInt(quantity) === 0n) return null
  return toDecimal(divide(parseFraction(exact), fraction(BigInt(quantity), BigInt(divisor))), PLACES)
}

const WORDS: Record<Language, { by: string; average: string; to: string }> = {
  en: { by: 'by index', average: 'average price', to: 'to' },
  es: { by: 'según el índice', average: 'precio medio', to: 'a' },
}
/** "by index EPEX-ES, average price (0.031 to 0.19)"; nothing on other lines. */
export function indexTexts(line: Told, language: Language, decimal: (text: string) => string): string[] {
  const { index } = line.price
  if (!index) return []
  const { by, average, to } = WORDS[language]
  const units = line.segments.flatMap(({ unit_amount }) =>
    unit_amount === undefined ? [] : [parseFraction(unit_amount)],
  )
  const [first] = units
  const text = (unit: Fraction) => decimal(toDecimal(unit, PLACES))
  const [least, most] = first ? [units.reduce(smaller, first), units.reduce(larger, first)] : []
  const span = least && most && compare(least, most) < 0 ? ` (${text(least)} ${to} ${text(most)})` : ''
  return [`${by} ${index.name}`, ...(averagePrice(line) === null ? [] : [`${average}${span}`])]
}
