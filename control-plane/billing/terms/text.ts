/** What stands on paper beneath the fee of a billing period: for which time, whether in advance, and how that was settled. */
import type { Language } from '../../accounts/contract.ts'
import type { Line, SettlementCause } from '../../rating/contract.ts'

interface Words {
  in_advance: string
  charged: string
  on: string
  due: string
  causes: Record<SettlementCause, string>
}
const WORDS: Record<Language, Words> = {
  en: {
    in_advance: 'in advance',
    charged: 'charged in advance',
    on: 'on',
    due: 'due',
    causes: {
      cancelled: 'ended',
      plan: 'another plan',
      quantity: 'another quantity',
      trial: 'its trial',
      price: 'another price',
    },
  },
  es: {
    in_advance: 'por adelantado',
    charged: 'cobrado por adelantado',
    on: 'en',
    due: 'corresponde',
    causes: {
      cancelled: 'terminó',
      plan: 'otro plan',
      quantity: 'otra cantidad',
      trial: 'su prueba',
      price: 'otro precio',
    },
  },
}

interface Said {
  span: (from: string, to: string) => string
  money: (text: string) => string
}
/** "1 Dec 2026 to 31 Dec 2026, in advance"; of a settlement what was charged where, what is due, and why. */
export function termTexts({ basis, period, timing, settlement }: Line, language: Language, said: Said): string[] {
  if (!basis) return []
  const words = WORDS[language]
  const numbers = settlement?.documents.map(({ number }) => number).join(', ')
  return [
    said.span(period.from, period.to),
    ...(timing ? [words.in_advance] : []),
    ...(settlement
      ? [
          `${words.charged} ${said.money(settlement.advanced)} ${words.on} ${numbers}`,
          `${words.due} ${said.money(settlement.due)}`,
          settlement.causes.map((cause) => words.causes[cause]).join(', '),
        ]
      : []),
  ]
}
