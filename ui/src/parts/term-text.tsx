/** Lines of fees by billing periods: for which time, whether in advance, and how that was settled. */
import { Show } from 'solid-js'
import type { Line } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'

type Settlement = NonNullable<Line['settlement']>

/** The lines beneath one, down to what was rated. */
export const ratedLines = (line: Line): readonly Line[] =>
  (line.correction?.lines ?? [line]).flatMap((one: Line): readonly Line[] => one.settlement?.lines ?? [one])

/** Its last day is the one before the instant at which it ends. */
export const termText = ({ period }: Pick<Line, 'period'>, zone: string): string =>
  t('document.period_text', {
    from: say.date(period.from, zone),
    to: say.date(new Date(Date.parse(period.to) - 1).toISOString(), zone),
  })

export const causesText = ({ causes }: Settlement): string =>
  causes.map((cause) => t(`document.settled_by.${cause}`)).join(', ')

/** Beneath the name of a line. */
export const TermText = (props: { line: Line; zone: string }) => (
  <Show when={props.line.basis}>
    <span class="tabular block text-[0.8125rem] text-muted">
      {termText(props.line, props.zone)}
      <Show when={props.line.settlement}>
        {(of) => (
          <span class="block">
            {t('document.settled', {
              advanced: say.money(of().advanced, props.line.currency),
              due: say.money(of().due, props.line.currency),
              causes: causesText(of()),
            })}
          </span>
        )}
      </Show>
    </span>
  </Show>
)
