/** Usage of an account by day as bars: what it costs, or how much of one component. */
import { Show } from 'solid-js'
import type { AccountUsage } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { type Bar, Bars } from '../kit/bars.tsx'
import { unitText as unitOf } from './price-text.tsx'
import { PRICED_KINDS, METERS } from '../i18n/words.ts'

export interface Measured {
  component: string
  unit: string
  per: AccountUsage['days'][number]['items'][number]['per']
}
export const keyOf = ({ component, unit, per }: Measured): string => `${component}/${unit}/${per}`

/** "vm.memory" → "Virtual machine", "Memory". */
export function componentText(component: string): { kind: string; meter: string } {
  const [kind, meter] = component.split('.')
  const [knownKind, knownMeter] = [PRICED_KINDS.find((one) => one === kind), METERS.find((one) => one === meter)]
  return {
    kind: knownKind ? t(`kind.${knownKind}`) : (kind ?? ''),
    meter: knownMeter ? t(`meter.${knownMeter}`) : (meter ?? ''),
  }
}

/** "GiB·h", "GiB", "vCPU·month": what a quantity of it is counted in. */
export const unitText = ({ unit, per }: Pick<Measured, 'unit' | 'per'>): string =>
  per === 'quantity' ? unitOf(unit) : `${unitOf(unit)}·${t(`my.per_${per}`)}`

/** `component` empty: amounts, where they may be seen. */
export function UsageBars(props: { usage: AccountUsage; component: string }) {
  const showsAmounts = () => props.component === '' && props.usage.days.some((day) => day.amount !== null)
  const chosen = () =>
    props.component || (showsAmounts() ? '' : keyOf(props.usage.days.flatMap((day) => day.items)[0] ?? NOTHING))
  const bars = (): Bar[] =>
    props.usage.days.map((day) => {
      const label = String(Number(day.date.slice(8)))
      const date = say.date(`${day.date}T12:00:00Z`, 'UTC')
      if (chosen() === '') {
        const amount = day.amount ?? '0'
        return { label, value: Number(amount), text: `${date}: ${say.money(amount, props.usage.currency ?? 'EUR')}` }
      }
      const item = day.items.find((one) => keyOf(one) === chosen())
      const text = item ? `${say.decimal(item.quantity, 3)} ${unitText(item)}` : '0'
      return { label, value: Number(item?.quantity ?? 0), text: `${date}: ${text}` }
    })
  return (
    <Show
      when={props.usage.days.some((day) => day.items.length > 0)}
      fallback={<p class="m-0 px-4 py-8 text-center text-sm text-muted">{t('my.no_usage')}</p>}
    >
      <div class="px-4 pt-4 pb-3">
        <Bars label={t('my.by_day')} bars={bars()} />
      </div>
    </Show>
  )
}
const NOTHING: Measured = { component: '', unit: '', per: 'quantity' }
