/** The terms of a price in words: "0–100 GiB free, then €0.02/GiB". */
import type { Price } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { isZero } from '../kit/amount.ts'
import { percentageText } from './percentage-text.ts'

type Terms = NonNullable<Price['terms']>
export interface WithTerms {
  model: Price['model']
  currency: string
  /** as it is told: with its time, for what is held */
  unit: string
  terms: Terms
  /** of `dynamic`, where it is known */
  index?: { name: string; unit: string } | undefined
}

/** What the model charges, or nothing where that is the amount of the price. */
export function modelText(price: WithTerms): string {
  const { tiers, package: bought, steps, allocation_pool: pool, index } = price.terms
  const money = (amount: string) => say.rate(amount, price.currency)
  const { unit } = price
  const share = percentageText(price.terms, price.currency)
  if (share) return share
  if (tiers) return tiersText(price, tiers)
  if (bought) {
    const size = t('prices.package_of', { amount: money(bought.amount), size: say.decimal(bought.size), unit })
    return isZero(bought.free) ? size : `${size}, ${t('prices.free_units', { count: say.decimal(bought.free), unit })}`
  }
  if (pool)
    return t('prices.pool_of', {
      size: say.decimal(pool.size),
      unit,
      amount: money(pool.amount),
      overage: money(pool.overage_amount),
    })
  if (index) {
    const by = t('indexes.by', { name: price.index?.name ?? '' }).trim()
    const plus = isZero(index.surcharge)
      ? ''
      : `${index.surcharge.startsWith('-') ? '−' : '+'} ${money(index.surcharge.replace('-', ''))}/${unit}`
    return [by, index.factor === '1' ? '' : `× ${say.decimal(index.factor, 12)}`, plus].filter(Boolean).join(' ')
  }
  if (!steps) return ''
  const blocks = steps.tiers.map(({ block_size, blocks: count, amount }, index) => {
    const named = { size: say.decimal(block_size), unit, amount: money(amount), count: String(count ?? '') }
    if (count !== null) return t('prices.blocks', named)
    return t(index === 0 ? 'prices.blocks_all' : 'prices.blocks_then', named)
  })
  return [...(steps.mode === 'top_tier' ? [t('prices.top_tier')] : []), blocks.join(', ')].join(': ')
}

function tiersText({ model, unit, currency }: WithTerms, tiers: NonNullable<Terms['tiers']>): string {
  const parts = tiers.map(({ up_to, unit_amount, flat_amount }, index) => {
    const flat = isZero(flat_amount) ? '' : say.rate(flat_amount, currency)
    const rate = isZero(unit_amount) ? '' : t('prices.rate', { amount: say.rate(unit_amount, currency), unit })
    const price = [rate, flat].filter(Boolean).join(' + ') || t('prices.free')
    const from = say.decimal(tiers[index - 1]?.up_to ?? '0')
    if (up_to !== null) return t('prices.tier', { from, to: say.decimal(up_to), unit, price })
    return index === 0 ? price : t('prices.tier_then', { price })
  })
  const text = parts.join(', ')
  return model === 'volume' ? t('prices.volume_of', { text }) : text
}

/** What holds beside the model: allowance, bounds, proration. */
export function extrasText({ currency, unit, terms }: WithTerms): string[] {
  const { included, minimum, maximum, proration, day_count, pool, timing, index } = terms
  const { floor, ceiling } = index ?? {}
  const each = (amount: string) => t('prices.rate', { amount: say.rate(amount, currency), unit })
  return [
    ...(pool === undefined ? [] : [t(`prices.pool_${pool}_short`)]),
    ...(included === undefined ? [] : [t('prices.includes', { count: say.decimal(included), unit })]),
    ...(minimum === undefined ? [] : [t('prices.at_least', { amount: say.rate(minimum, currency) })]),
    ...(floor === undefined ? [] : [t('prices.at_least', { amount: each(floor) })]),
    ...(ceiling === undefined ? [] : [t('prices.at_most', { amount: each(ceiling) })]),
    ...(maximum === undefined ? [] : [t('prices.at_most', { amount: say.rate(maximum, currency) })]),
    ...(proration === 'day' ? [t(day_count === '30/360' ? 'prices.by_day_30' : 'prices.by_day')] : []),
    ...(proration === 'none' ? [t('prices.by_month')] : []),
    ...(timing === 'advance' ? [t('prices.in_advance')] : []),
  ]
}
