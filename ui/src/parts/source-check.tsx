/** What an agent would see by settings that are tried, or what is wrong with them. */
import { For, Show } from 'solid-js'
import type { Kind, SourceCheck } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Spinner } from '../kit/button.tsx'
import { failureText } from './notice-text.ts'

export const Checking = () => (
  <p role="status" class="m-0 flex items-center gap-2 text-sm text-muted">
    <Spinner /> {t('sources.checking')}
  </p>
)

export function CheckResult(props: { check: SourceCheck }) {
  const seen = () => props.check.resources.length > 0
  const title = () => {
    if (props.check.ok) return seen() ? t('sources.check_ok') : t('sources.check_nothing')
    return seen() ? t('sources.check_partly') : t('sources.check_failed')
  }
  return (
    <div
      role={props.check.ok ? 'status' : 'alert'}
      class={`flex flex-col gap-1.5 rounded-xl border px-4 py-3.5 text-sm ${props.check.ok ? 'border-ok-mark/40 bg-ok-soft' : 'border-bad-mark/40 bg-bad-soft'}`}
    >
      <p class={`m-0 font-semibold ${props.check.ok ? 'text-ok' : 'text-bad'}`}>
        {title()}
        <Show when={props.check.duration_ms > 0}>
          {' '}
          <span class="font-normal text-muted">
            {t('sources.check_took', { duration: say.duration(props.check.duration_ms) })}
          </span>
        </Show>
      </p>
      <Show when={props.check.error}>
        {(error) => (
          <>
            <p class="m-0 break-words">{failureText(error()).message}</p>
            <p class="m-0 break-words text-muted">
              <span class="font-medium">{t('sources.what_to_do')}:</span> {failureText(error()).remedy}
            </p>
          </>
        )}
      </Show>
      <Seen check={props.check} />
    </div>
  )
}

const Seen = (props: { check: SourceCheck }) => (
  <>
    <Show when={props.check.resources.length > 0}>
      <dl class="m-0 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5">
        <For each={props.check.resources}>
          {(one) => (
            <>
              <dt>
                {t(`kind.${one.kind as Kind}`)} <span class="tabular font-medium">{say.decimal(one.count)}</span>
              </dt>
              <dd class="m-0 min-w-0 break-words text-muted">{namesOf(one)}</dd>
            </>
          )}
        </For>
      </dl>
    </Show>
    <Show when={props.check.measured > 0}>
      <p class="m-0 text-muted">{t('sources.check_measured', props.check.measured)}</p>
    </Show>
    <Show when={props.check.warnings.length > 0}>
      <p class="m-0 font-medium text-warn">{t('sources.check_warnings')}</p>
      <ul class="m-0 list-disc pl-5">
        <For each={props.check.warnings}>{(warning) => <li class="break-words">{warning}</li>}</For>
      </ul>
    </Show>
  </>
)

function namesOf({ names, count }: SourceCheck['resources'][number]): string {
  const shown = names.join(', ')
  return count > names.length
    ? t('sources.check_more', { names: shown, count: say.decimal(count - names.length) })
    : shown
}
