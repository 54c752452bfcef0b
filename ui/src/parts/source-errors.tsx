/** What a source did in the last day: its error rate by the hour, and the stretches in which it worked, failed, rested or was silent. */
import { For, Show } from 'solid-js'
import type { SourceDetail } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Sparkline } from '../kit/sparkline.tsx'
import { Section } from './page.tsx'
import { SourceState } from './source-state.tsx'

/** The newest ones. */
const SHOWN = 8

export function SourceErrors(props: { errors: SourceDetail['errors'] }) {
  const rate = (ratio: number | null) => (ratio === null ? t('sources.not_read') : say.percent(ratio))
  const stretches = () => props.errors.course.toReversed().slice(0, SHOWN)
  return (
    <Section title={t('sources.errors')} lead={t('sources.errors_lead')}>
      <div class="flex flex-wrap items-center gap-x-6 gap-y-3 px-4 py-3 text-sm">
        <Rate label={t('sources.last_hour')} text={rate(props.errors.last_hour)} />
        <Rate label={t('sources.last_day')} text={rate(props.errors.last_day)} />
        <Sparkline
          values={props.errors.hours.map(({ ratio }) => ratio)}
          label={t('sources.errors_chart', { day: rate(props.errors.last_day) })}
        />
      </div>
      <Show when={stretches().length > 0}>
        <ol class="m-0 list-none border-t border-line p-0 text-[0.8125rem]" aria-label={t('sources.course')}>
          <For each={stretches()}>
            {({ from, to, state }) => (
              <li class="flex flex-wrap justify-between gap-x-3 border-b border-line px-4 py-1.5 last:border-b-0">
                <SourceState state={state} />
                <span class="tabular text-muted">{say.span(from, to)}</span>
              </li>
            )}
          </For>
        </ol>
      </Show>
    </Section>
  )
}

const Rate = (props: { label: string; text: string }) => (
  <span>
    <span class="block text-[0.8125rem] text-muted">{props.label}</span>
    <span class="tabular text-base font-semibold">{props.text}</span>
  </span>
)
