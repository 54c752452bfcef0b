/** What a decision about a service makes of this month's bill; asked anew after each pause. */
import { createEffect, createSignal, For, on, onCleanup, Show } from 'solid-js'
import type { ServicePreview } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { asApiError } from '../problem.ts'
import { lineName, meteredText } from './line-text.ts'

const WAIT_MS = 350
const NOTHING = '0'

interface Props<T> {
  /** null: not complete yet */
  input: T | null
  ask: (input: T, signal: AbortSignal) => Promise<ServicePreview>
}

export function BillPreview<T>(props: Props<T>) {
  const [shown, setShown] = createSignal<ServicePreview>()
  const [failure, setFailure] = createSignal<string>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let asked: AbortController | undefined
  const ask = async (input: T) => {
    asked = new AbortController()
    const { signal } = asked
    try {
      setShown(await props.ask(input, signal))
    } catch (error) {
      if (!signal.aborted) setFailure(asApiError(error).message)
    }
  }
  const forget = () => {
    clearTimeout(timer)
    asked?.abort()
  }
  createEffect(
    on(
      () => JSON.stringify(props.input),
      () => {
        forget()
        setShown(undefined)
        setFailure(undefined)
        const { input } = props
        if (input !== null) timer = setTimeout(() => void ask(input), WAIT_MS)
      },
    ),
  )
  onCleanup(forget)
  return (
    <div class="min-h-19 rounded-lg border border-line bg-sunken px-3.5 py-3 text-sm" aria-live="polite">
      <p class="m-0 font-medium">{t('services.preview')}</p>
      <Show when={props.input !== null} fallback={<p class="m-0 text-muted">{t('services.preview_fill')}</p>}>
        <Show when={shown()} fallback={<p class="m-0 text-muted">{failure() ?? t('services.preview_wait')}</p>}>
          {(one) => <Amounts preview={one()} />}
        </Show>
      </Show>
    </div>
  )
}

const Amounts = (props: { preview: ServicePreview }) => {
  const money = (amount: string) => say.money(amount, props.preview.currency)
  return (
    <>
      <p class="tabular m-0">
        {t('services.preview_text', {
          before: money(props.preview.before?.net ?? NOTHING),
          after: money(props.preview.after?.net ?? NOTHING),
        })}
      </p>
      <ul class="tabular m-0 mt-1 list-none p-0 text-[0.8125rem] text-muted">
        <For each={props.preview.lines}>
          {(line) => (
            <li class="flex justify-between gap-4">
              <span class="min-w-0">
                {lineName(line)} · {meteredText(line)}
                {line.timing ? ` · ${t('document.in_advance')}` : ''}
              </span>
              <span class="shrink-0">{money(line.net)}</span>
            </li>
          )}
        </For>
      </ul>
    </>
  )
}
