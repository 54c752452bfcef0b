/** Of what a fee is a percentage, as a document tells it. */
import type { Language } from '../accounts/contract.ts'
import { fraction, multiply, parseFraction, toDecimal } from '../base/exact.ts'
import { majorText, toMinor } from '../base/money.ts'
import type { Line } from '../rating/contract.ts'

interface Words {
  of: string
  tier: string
  lines: (count: number) => string
}
const WORDS: Record<Language, Words> = {
  en: { of: 'of', tier: 'tier', lines: (count) => (count === 1 ? 'on 1 line' : `on ${count} lines`) },
  es: { of: 'de', tier: 'tramo', lines: (count) => (count === 1 ? 'en 1 línea' : `en ${count} líneas`) },
}
const PLACES = 6

/** "10 % of 1,234.50", or tier by tier, and on how many lines that stands; nothing on other lines. */
export function percentageTexts(
  { percentage_of: base, charge, currency }: Line,
  language: Language,
  decimal: (text: string) => string,
): string[] {
  if (!base || !charge) return []
  const words = WORDS[language]
  const { parts } = charge
  const said = parts.map(({ tier, quantity, unit_amount, flat_amount }) => {
    const rate = decimal(toDecimal(multiply(parseFraction(unit_amount), fraction(100n)), PLACES))
    const amount = decimal(majorText(toMinor(parseFraction(quantity), currency), currency))
    const flat = parseFraction(flat_amount)
    const text = `${rate} % ${words.of} ${amount}${flat.num === 0n ? '' : ` + ${decimal(toDecimal(flat, PLACES))}`}`
    return parts.length > 1 ? `${words.tier} ${tier + 1}: ${text}` : text
  })
  return [...said, words.lines(base.lines.length)]
}
