/** At which prices a service is had: those of its plan at each time, or those of a day, kept. */
import { Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import type { Subscription } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Choice, TextField } from '../kit/field.tsx'
import { fromLocalInput, toLocalInput } from '../kit/instant.ts'

/** The instant whose prices a service keeps now; null: it follows its plan. */
export function keptPrices({ versions }: Pick<Subscription, 'versions'>, now = Date.now()): string | null {
  const held = versions.findLast(({ from }) => Date.parse(from) <= now) ?? versions[0]
  return held?.prices_as_of ?? null
}

/** `kept`: the instant whose prices are kept already. */
export function createPrices(kept: string | null) {
  const [fields, set] = createStore({
    keep: kept === null ? ('follow' as const) : ('keep' as const),
    day: toLocalInput(kept === null ? Date.now() : Date.parse(kept)),
  } as { keep: 'follow' | 'keep'; day: string })
  const first = fields.day
  // what is kept already keeps its milliseconds, which no field shows
  const asOf = (): string | null =>
    fields.keep === 'follow' ? null : kept !== null && fields.day === first ? kept : fromLocalInput(fields.day)
  return {
    fields,
    set,
    asOf,
    isChanged: () => asOf() !== kept,
    isReady: () => fields.keep === 'follow' || asOf() !== null,
  }
}

export const PricesFields = (props: { prices: ReturnType<typeof createPrices>; error: string | undefined }) => (
  <div class="flex flex-col gap-3">
    <Choice
      legend={t('services.keep_prices')}
      value={props.prices.fields.keep}
      choices={[
        { value: 'follow', label: t('services.prices_follow') },
        { value: 'keep', label: t('services.prices_keep') },
      ]}
      onChange={(keep) => props.prices.set('keep', keep)}
    />
    <Show when={props.prices.fields.keep === 'keep'}>
      <TextField
        label={t('services.prices_as_of')}
        type="datetime-local"
        value={props.prices.fields.day}
        error={props.error}
        onInput={(event) => props.prices.set('day', event.currentTarget.value)}
      />
    </Show>
  </div>
)
