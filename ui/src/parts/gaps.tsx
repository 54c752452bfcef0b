/** Time in which nobody looked, in words: how long, why, when, and what was done about it. */
import { For, Show } from 'solid-js'
import type { Line } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'

type Gap = NonNullable<Line['gaps']>[number]

type Told = Pick<Gap, 'from' | 'to' | 'cause'>
/** "spool overflow, 14 Nov 2026, 02:10 – 05:22" */
const causeText = ({ from, to, cause }: Told, zone?: string): string =>
  `${t(`gap.cause.${cause}`)}, ${say.span(from, to, zone)}`
/** "3 h 12 min: spool overflow, 14 Nov 2026, 02:10 – 05:22" */
export const gapText = (gap: Told, zone?: string): string =>
  `${say.duration(Date.parse(gap.to) - Date.parse(gap.from))}: ${causeText(gap, zone)}`

/** The gaps of a line, at most `shown` of them, and how many more there are; the length of one alone is that of the line. */
export function GapList(props: { line: Line; zone: string; shown: number }) {
  const told = () => (props.line.gaps ?? []).slice(0, props.shown)
  const isOne = () => props.line.gaps?.length === 1
  const more = () => (props.line.gaps?.length ?? 0) - told().length + (props.line.gaps_more ?? 0)
  return (
    <Show when={told().length > 0}>
      <ul class="tabular m-0 list-none p-0 text-[0.8125rem] text-muted">
        <For each={told()}>
          {(gap) => (
            <li>
              {isOne() ? causeText(gap, props.zone) : gapText(gap, props.zone)}{' '}
              <span class="text-text">
                · {t(props.line.percentile && gap.policy === 'skip' ? 'gap.not_counted' : `gap.policy.${gap.policy}`)}
              </span>
            </li>
          )}
        </For>
        <Show when={more() > 0}>
          <li>{t('document.more_gaps', more())}</li>
        </Show>
      </ul>
    </Show>
  )
}
