/** How an amount came about, tier by tier: what the terms of a price made of a quantity. */
import { For, Show } from 'solid-js'
import type { Line } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { fractionText } from '../kit/amount.ts'
import { shareText } from './percentage-text.ts'

type Charge = NonNullable<Line['charge']>
const DECIMALS = 6

interface Props {
  charge: Charge
  unit: string
  currency: string
  /** a percentage of other charges */
  isShare?: boolean
}
export function ChargeParts(props: Props) {
  const number = (fraction: string) => say.decimal(fractionText(fraction, DECIMALS).replace('…', ''))
  const money = (fraction: string) => say.rate(fractionText(fraction, 8).replace('…', ''), props.currency, 8)
  const isNone = (fraction: string) => fraction.startsWith('0/')
  const row = 'flex flex-wrap justify-between gap-x-4 py-0.5'
  return (
    <ul class="tabular m-0 list-none p-0 text-[0.8125rem]">
      <Show when={!isNone(props.charge.included)}>
        <li class={row}>
          <span>
            {number(props.charge.included)} {props.unit} <span class="text-muted">{t('prices.part_included')}</span>
          </span>
          <span>{money('0/1')}</span>
        </li>
      </Show>
      <For each={props.charge.parts}>
        {(part) => (
          <li class={row}>
            <span>
              <Show when={props.charge.parts.length > 1}>
                <span class="text-muted">{t('prices.tier_number', { number: String(part.tier + 1) })}: </span>
              </Show>
              {props.isShare
                ? shareText(part, props.currency)
                : `${number(part.quantity)} × ${money(part.unit_amount)}`}
              <Show when={!isNone(part.flat_amount)}> + {money(part.flat_amount)}</Show>
            </span>
            <span>{money(part.amount)}</span>
          </li>
        )}
      </For>
      <Show when={!isNone(props.charge.top_up)}>
        <li class={row}>
          <span class="text-muted">{t('prices.part_top_up')}</span>
          <span>+ {money(props.charge.top_up)}</span>
        </li>
      </Show>
      <Show when={!isNone(props.charge.discount)}>
        <li class={row}>
          <span class="text-muted">{t('prices.part_discount')}</span>
          <span>− {money(props.charge.discount)}</span>
        </li>
      </Show>
    </ul>
  )
}
