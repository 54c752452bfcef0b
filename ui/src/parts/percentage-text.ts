/** Percentages of other charges in words: "10 % of €117.00", and as a price says them. */
import type { Line, Price } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { fractionText, isZero } from '../kit/amount.ts'

type Terms = NonNullable<Price['terms']>

export const isPercentage = (model: Price['model']): boolean =>
  model === 'percentage' || model === 'graduated_percentage'

type Part = Pick<NonNullable<Line['charge']>['parts'][number], 'quantity' | 'unit_amount'>
/** What a part of a charge is a share of. */
export function shareText({ quantity, unit_amount }: Part, currency: string): string {
  const [part = '0', whole = '1'] = unit_amount.split('/')
  const rate = say.decimal(fractionText(`${BigInt(part) * 100n}/${whole}`).replace('…', ''))
  const amount = say.rate(fractionText(quantity).replace('…', ''), currency)
  return t('prices.share_of', { rate, amount })
}

/** "10 % of other charges", "10 % up to €10,000, then 7 %, of: Machine"; nothing of other prices. */
export function percentageText({ percentage, rate_tiers, of }: Terms, currency: string): string {
  const percent = (rate: string, flat = '0') =>
    [t('prices.percent', { rate: say.decimal(rate) }), ...(isZero(flat) ? [] : [say.rate(flat, currency)])].join(' + ')
  const kinds = of?.kinds.map((kind) => t(`kind.${kind}`)).join(', ')
  const whose = kinds ? t('prices.share_of_kinds', { kinds }) : t('prices.share_of_others')
  if (percentage) return `${percent(percentage.rate)} ${whose}`
  const tiers = rate_tiers?.map(({ up_to, rate, flat_amount }, index) => {
    const price = percent(rate, flat_amount)
    if (up_to !== null) return t('prices.percent_up_to', { price, to: say.rate(up_to, currency) })
    return index === 0 ? price : t('prices.tier_then', { price })
  })
  return tiers ? `${tiers.join(', ')}, ${whose}` : ''
}
