/** The fields of a percentage of other charges: its rate or its tiers, and of which kinds of things. */
import { For, Show } from 'solid-js'
import type { PricedKind } from '../api.ts'
import { t } from '../i18n/language.ts'
import { PRICED_KINDS } from '../i18n/words.ts'
import { CheckField } from '../kit/field.tsx'
import { freshRateTier } from './terms-draft.ts'
import { Cell, Rows, type TermsProps, withoutEnd } from './terms-fields.tsx'

export function PercentageFields(props: TermsProps) {
  const include = (kind: PricedKind, on: boolean) =>
    props.set('kinds', on ? [...props.draft.kinds, kind] : props.draft.kinds.filter((one) => one !== kind))
  return (
    <>
      <p class="m-0 text-[0.8125rem] text-muted sm:col-span-2">{t('prices.percentage_hint')}</p>
      <Show when={props.model === 'percentage'} fallback={<RateTiers {...props} />}>
        <Cell
          label={t('prices.percentage_rate')}
          value={props.draft.rate}
          error={props.error('/terms/percentage/rate')}
          onInput={(text) => props.set('rate', text)}
        />
      </Show>
      <details class="rounded-lg border border-line sm:col-span-2" open={props.draft.kinds.length > 0}>
        <summary class="cursor-pointer rounded-lg px-3 py-2 text-[0.8125rem] font-medium hover:bg-hover">
          {t('prices.percentage_kinds')}
        </summary>
        <fieldset class="m-0 border-0 px-3 pt-1 pb-3">
          <legend class="sr-only">{t('prices.percentage_kinds')}</legend>
          <p class="m-0 mb-2 text-[0.8125rem] text-muted">{t('prices.percentage_kinds_hint')}</p>
          <div class="grid grid-cols-2 gap-2 sm:grid-cols-3">
            <For each={PRICED_KINDS}>
              {(kind) => (
                <CheckField
                  label={t(`kind.${kind}`)}
                  checked={props.draft.kinds.includes(kind)}
                  onChange={(on) => include(kind, on)}
                />
              )}
            </For>
          </div>
        </fieldset>
      </details>
    </>
  )
}

function RateTiers(props: TermsProps) {
  const isLast = (index: number) => index === props.draft.rate_tiers.length - 1
  const pointer = (index: number, field: string) => `/terms/rate_tiers/${index}/${field}`
  return (
    <Rows
      legend={t('prices.tiers')}
      hint={t('prices.rate_tiers_hint')}
      rows={props.draft.rate_tiers}
      min={1}
      fresh={freshRateTier}
      onChange={(tiers) => props.set('rate_tiers', tiers)}
    >
      {(row, index) => (
        <>
          <Show when={!isLast(index)} fallback={withoutEnd()}>
            <Cell
              label={t('prices.up_to', { unit: props.currency })}
              value={row().up_to}
              error={props.error(pointer(index, 'up_to'))}
              onInput={(text) => props.set('rate_tiers', index, 'up_to', text)}
            />
          </Show>
          <Cell
            label={t('prices.percentage_rate')}
            value={row().rate}
            error={props.error(pointer(index, 'rate'))}
            onInput={(text) => props.set('rate_tiers', index, 'rate', text)}
          />
          <Cell
            label={t('prices.flat_amount', { currency: props.currency })}
            placeholder="0"
            value={row().flat_amount}
            error={props.error(pointer(index, 'flat_amount'))}
            onInput={(text) => props.set('rate_tiers', index, 'flat_amount', text)}
          />
        </>
      )}
    </Rows>
  )
}
