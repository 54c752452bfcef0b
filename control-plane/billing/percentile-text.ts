/** The slot that a percentile line is charged for, as a document tells it: in, out, rank, and what is missing. */
import type { Language } from '../accounts/contract.ts'
import { fraction, multiply, parseFraction, toDecimal } from '../base/exact.ts'
import { sure } from '../base/problem.ts'
import { meterOf } from '../metering/contract.ts'
import type { Line } from '../rating/contract.ts'

interface Words {
  in: string
  out: string
  rank: (rank: number, slots: number) => string
  missing: (count: number) => string
  spread: (count: number) => string
}
const WORDS: Record<Language, Words> = {
  en: {
    in: 'in',
    out: 'out',
    rank: (rank, slots) => `5-minute mean number ${rank} of ${slots} from the lowest`,
    missing: (count) => `${count} missing`,
    spread: (count) => `${count} from readings more than 5 minutes apart`,
  },
  es: {
    in: 'entrada',
    out: 'salida',
    rank: (rank, slots) => `media de 5 minutos número ${rank} de ${slots} desde la menor`,
    missing: (count) => `${count} sin datos`,
    spread: (count) => `${count} de lecturas a más de 5 minutos`,
  },
}
const PLACES = 6

/** "in 12.5 Mbit/s, out 80 Mbit/s, 5-minute mean number 8482 of 8928 from the lowest, 3 missing"; nothing on other lines. */
export function percentileTexts(
  { percentile, meter, price }: Pick<Line, 'percentile' | 'meter' | 'price'>,
  language: Language,
  decimal: (text: string) => string,
): string[] {
  if (!percentile || !meter) return []
  const words = WORDS[language]
  const { units } = meterOf(meter)
  const per_bit = fraction(sure(units['bit/s']), sure(units[price.unit]))
  const rate = (name: string, bits: string | null) =>
    bits === null ? [] : [`${name} ${decimal(toDecimal(multiply(parseFraction(bits), per_bit), PLACES))} ${price.unit}`]
  return [
    ...rate(words.in, percentile.in),
    ...rate(words.out, percentile.out),
    words.rank(percentile.rank, percentile.slots),
    ...(percentile.missing > 0 ? [words.missing(percentile.missing)] : []),
    ...(percentile.spread > 0 ? [words.spread(percentile.spread)] : []),
  ]
}
