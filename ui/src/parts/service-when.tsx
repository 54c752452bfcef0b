/** From when on a decision about a service holds; the past asks for a reason. */
import { Show } from 'solid-js'
import { createStore } from 'solid-js/store'
import { t } from '../i18n/language.ts'
import { Choice, TextArea, TextField } from '../kit/field.tsx'
import { fromLocalInput, toLocalInput } from '../kit/instant.ts'

type When = 'now' | 'month' | 'instant'
/** What a clock may differ by. */
const TOLERANCE_MS = 60_000

/** `month`: when the next one begins; null: there is none. */
export function createWhen(month: () => string | null) {
  const [fields, set] = createStore({ when: 'now' as When, instant: toLocalInput(Date.now()), reason: '' })
  /** undefined: now; null: not an instant */
  const at = (): string | undefined | null =>
    fields.when === 'now' ? undefined : fields.when === 'month' ? month() : fromLocalInput(fields.instant)
  const isPast = () => {
    const instant = at()
    return typeof instant === 'string' && Date.parse(instant) < Date.now() - TOLERANCE_MS
  }
  const isReady = () => at() !== null && (!isPast() || fields.reason.trim() !== '')
  return {
    fields,
    set,
    month,
    at,
    isPast,
    isReady,
    said: () => ({ correction: isPast(), reason: fields.reason.trim() }),
  }
}

export function WhenFields(props: { when: ReturnType<typeof createWhen>; error: string | undefined }) {
  const choices = (): { value: When; label: string }[] => [
    { value: 'now', label: t('services.now') },
    ...(props.when.month() === null ? [] : [{ value: 'month' as const, label: t('services.month') }]),
    { value: 'instant', label: t('services.instant') },
  ]
  return (
    <div class="flex flex-col gap-3">
      <Choice
        legend={t('services.when')}
        value={props.when.fields.when}
        choices={choices()}
        onChange={(when) => props.when.set('when', when)}
      />
      <Show when={props.when.fields.when === 'instant'}>
        <TextField
          label={t('services.instant')}
          hideLabel
          type="datetime-local"
          value={props.when.fields.instant}
          error={props.error}
          onInput={(event) => props.when.set('instant', event.currentTarget.value)}
        />
      </Show>
      <Show when={props.when.isPast()}>
        <div class="rounded-lg border border-warn-mark/40 bg-warn-soft px-3.5 py-3 text-sm">
          <p class="m-0 mb-3 text-text">{t('services.past_text')}</p>
          <TextArea
            label={t('common.reason')}
            rows={2}
            maxlength={500}
            required
            value={props.when.fields.reason}
            onInput={(event) => props.when.set('reason', event.currentTarget.value)}
          />
        </div>
      </Show>
    </div>
  )
}
