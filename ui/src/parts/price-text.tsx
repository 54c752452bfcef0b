/** A price in words: amount, unit, period. */
import type { Price } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'

type Priced = Pick<Price, 'amount' | 'currency' | 'model' | 'per' | 'unit'>

export const unitText = (unit: string) => unit.replaceAll('_', ' ')

/** "vCPU · h", "GiB · months", "GB" */
export function timedUnit(unit: string, per: string): string {
  const time = per === 'hour' || per === 'month' ? t(`document.unit_${per}`) : ''
  return [unitText(unit), time].filter(Boolean).join(' · ')
}

/** "€0.0125 per vCPU, per hour" */
export function priceText(price: Priced): string {
  const size = price.model === 'flat' ? t('prices.flat') : t('prices.per_unit', { unit: unitText(price.unit) })
  return [`${say.rate(price.amount, price.currency)} ${size}`, t(`prices.${price.per}`)].filter(Boolean).join(', ')
}

export const PriceAmount = (props: { price: Priced }) => (
  <>
    <span class="font-medium">{say.rate(props.price.amount, props.price.currency)}</span>{' '}
    <span class="text-muted">
      {props.price.model === 'flat' ? t('prices.flat') : t('prices.per_unit', { unit: unitText(props.price.unit) })}{' '}
      {t(`prices.${props.price.per}`)}
    </span>
  </>
)
