/** What a price would do to this month's drafts, told while it is typed. */
import { createEffect, createSignal, on, onCleanup, Show } from 'solid-js'
import { api, type NewPrice, type PriceEffect } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { asApiError } from '../problem.ts'

const PREVIEW_WAIT_MS = 350

/** Asked anew after each pause in typing. */
export function PriceEffectNote(props: { price: NewPrice | null }) {
  const [effect, setEffect] = createSignal<PriceEffect>()
  const [failure, setFailure] = createSignal<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let asked: AbortController | undefined
  const ask = async (price: NewPrice) => {
    asked = new AbortController()
    const { signal } = asked
    try {
      setEffect(await api.previewPrice({ ...price, reason: price.reason || '–' }, signal))
    } catch (error) {
      if (!signal.aborted) setFailure(asApiError(error).message)
    }
  }
  createEffect(
    on(
      () => props.price,
      (price) => {
        clearTimeout(timer)
        asked?.abort()
        setEffect(undefined)
        setFailure(undefined)
        if (price) timer = setTimeout(() => void ask(price), PREVIEW_WAIT_MS)
      },
    ),
  )
  onCleanup(() => {
    clearTimeout(timer)
    asked?.abort()
  })
  return (
    <div class="min-h-19 rounded-lg border border-line bg-sunken px-3.5 py-3 text-sm" aria-live="polite">
      <p class="m-0 font-medium">{t('prices.effect')}</p>
      <Show when={props.price} fallback={<p class="m-0 text-muted">{t('prices.effect_fill')}</p>}>
        <Show when={effect()} fallback={<p class="m-0 text-muted">{failure() ?? t('prices.effect_wait')}</p>}>
          {(known) => (
            <p class="tabular m-0 text-muted">
              {props.price?.kind === 'service'
                ? t('prices.effect_services', known().affected_resources)
                : t('prices.effect_resources', known().affected_resources)}{' '}
              {t('prices.effect_accounts', known().affected_accounts)}{' '}
              <span class="text-text">
                {t('prices.effect_text', {
                  before: say.money(known().month_to_date_before, known().currency),
                  after: say.money(known().month_to_date_after, known().currency),
                })}
              </span>
            </p>
          )}
        </Show>
      </Show>
    </div>
  )
}
