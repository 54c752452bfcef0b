/** From when a change of the rules holds, why, and what it would do: the same for each kind of change. */
import { createSignal, Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { api, type NewRuleChange, type RulePreview } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Choice, TextArea, TextField } from '../kit/field.tsx'
import { fromLocalInput, toLocalInput } from '../kit/instant.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'
import { RuleEffectPreview } from './rule-preview.tsx'

const STARTS = ['now', 'instant', 'ever'] as const

export function createWhen() {
  const [fields, setFields] = createStore({
    start: 'now' as (typeof STARTS)[number],
    instant: toLocalInput(Date.now()),
    reason: '',
  })
  /** undefined: now; null: ever since; false: what is typed is no instant */
  const at = (): string | null | undefined | false => {
    if (fields.start === 'now') return undefined
    if (fields.start === 'ever') return null
    return fromLocalInput(fields.instant) ?? false
  }
  const isPast = () => {
    const instant = at()
    return instant === null || (typeof instant === 'string' && Date.parse(instant) < Date.now())
  }
  const isReady = () => at() !== false && (!isPast() || fields.reason.trim() !== '')
  const value = () => {
    const instant = at()
    return {
      ...(instant !== undefined && instant !== false && { effective_at: instant }),
      reason: fields.reason.trim(),
    }
  }
  return { fields, setFields, isPast, isReady, value }
}
type When = ReturnType<typeof createWhen>

export const WhenFields = (props: { when: When; error: (pointer: string) => string | undefined }) => (
  <>
    <Choice
      legend={t('owners.holds_from')}
      value={props.when.fields.start}
      choices={STARTS.map((value) => ({ value, label: t(`owners.start.${value}`) }))}
      onChange={(start) => props.when.setFields('start', start)}
    />
    <Show when={props.when.fields.start === 'instant'}>
      <TextField
        label={t('owners.start.instant')}
        hideLabel
        type="datetime-local"
        value={props.when.fields.instant}
        error={props.error('/effective_at')}
        onInput={(event) => props.when.setFields('instant', event.currentTarget.value)}
      />
    </Show>
    <TextArea
      label={t('common.reason')}
      optional={props.when.isPast() ? undefined : t('common.optional')}
      hint={props.when.isPast() ? t('owners.past') : t('owners.future')}
      rows={2}
      maxlength={500}
      value={props.when.fields.reason}
      error={props.error('/reason')}
      onInput={(event) => props.when.setFields('reason', event.currentTarget.value)}
    />
  </>
)

/** Asked for by its button: it looks at every resource of which the rule may speak. */
export function PreviewPart(props: { change: () => NewRuleChange; ready: boolean }) {
  const [preview, setPreview] = createSignal<RulePreview>()
  const asked = createSubmit({ run: (change: NewRuleChange) => api.previewRuleChange(change), onDone: setPreview })
  return (
    <div class="flex min-w-0 flex-col gap-3">
      <div>
        <Button busy={asked.busy()} disabled={!props.ready} onClick={() => void asked.submit(props.change())}>
          {t('owners.preview')}
        </Button>
      </div>
      <Show when={asked.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <Show when={preview()}>{(shown) => <RuleEffectPreview preview={shown()} />}</Show>
    </div>
  )
}
