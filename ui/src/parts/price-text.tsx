/** A price in words: amount, unit, period, and whatever its terms say. */
import { Show } from 'solid-js'
import type { Price } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { extrasText, modelText } from './terms-text.ts'

type Priced = Pick<Price, 'amount' | 'currency' | 'model' | 'per' | 'unit'> & {
  terms?: Price['terms'] | undefined
  index?: Price['index'] | undefined
  tax_inclusive?: boolean
  tax_class?: Price['tax_class']
}

/** Units are symbols, but for a word of ours. */
export const unitText = (unit: string) => (unit === 'service' ? t('prices.unit_service') : unit.replaceAll('_', ' '))

/** "vCPU · h", "GiB · months", "GB" */
export function timedUnit(unit: string, per: string): string {
  const time = per === 'hour' || per === 'month' ? t(`document.unit_${per}`) : ''
  return [unitText(unit), time].filter(Boolean).join(' · ')
}

/** What is charged for once may have no unit. */
const sizeText = (price: Priced) => [
  price.model === 'flat'
    ? t('prices.flat')
    : price.unit === ''
      ? ''
      : t('prices.per_unit', { unit: unitText(price.unit) }),
  t(`prices.${price.per}`),
]
const withTerms = (price: Priced) => ({
  model: price.model,
  currency: price.currency,
  // a unit stays in one piece where the text breaks
  unit: timedUnit(price.unit, price.per).replaceAll(' ', '\u00a0'),
  terms: price.terms ?? {},
  index: price.index,
})
const ownText = (price: Priced): string => modelText(withTerms(price))
/** what of its tax isn't as usual */
const taxText = ({ tax_inclusive, tax_class = 'standard' }: Priced): string[] => [
  ...(tax_class === 'standard' ? [] : [t(`tax.class_${tax_class}`)]),
  ...(tax_inclusive ? [t('tax.with_tax')] : []),
]
const extras = (price: Priced): string => [...extrasText(withTerms(price)), ...taxText(price)].join(', ')

/** "€0.0125 per vCPU, per hour"; "0–100 GiB free, then €0.02/GiB, at least €5" */
export function priceText(price: Priced): string {
  const amount = [`${say.rate(price.amount, price.currency)} ${sizeText(price)[0]}`.trim(), sizeText(price)[1]]
  return [...(ownText(price) ? [ownText(price)] : amount), extras(price)].filter(Boolean).join(', ')
}

export const PriceAmount = (props: { price: Priced }) => (
  <span class={ownText(props.price) || extras(props.price) ? 'inline-block min-w-44 whitespace-normal' : ''}>
    <Show
      when={ownText(props.price)}
      fallback={
        <>
          <span class="font-medium">{say.rate(props.price.amount, props.price.currency)}</span>{' '}
          <span class="text-muted">{sizeText(props.price).join(' ')}</span>
        </>
      }
    >
      {(text) => <span class="font-medium">{text()}</span>}
    </Show>
    <Show when={extras(props.price)}>{(text) => <span class="block text-[0.8125rem] text-muted">{text()}</span>}</Show>
  </span>
)
