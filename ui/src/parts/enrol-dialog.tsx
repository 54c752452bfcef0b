/** Adding an agent: one line to copy, and the moment in which the agent appears. */
import { useQuery } from '@tanstack/solid-query'
import CircleCheck from 'lucide-solid/icons/circle-check'
import { createMemo, createSignal, Show } from 'solid-js'
import { api, type Enrolment } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Button, Spinner } from '../kit/button.tsx'
import { CopyLine } from '../kit/copy.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { labelsIn } from './labels.ts'
import { ProblemNote } from './load.tsx'

const POLL_MS = 2_000
const DAY_HOURS = 24
/** how long a token holds, in hours */
const LIVES = [1, DAY_HOURS, 7 * DAY_HOURS, 30 * DAY_HOURS]
const lifeText = (hours: number): string =>
  hours < DAY_HOURS ? t('agents.enrol_hours', hours) : t('agents.enrol_days', hours / DAY_HOURS)

export function EnrolDialog(props: { onClose: () => void }) {
  const accounts = useQuery(() => queries.accounts())
  const [enrolment, setEnrolment] = createSignal<Enrolment>()
  const [chosen, setChosen] = createSignal<string>()
  const list = () => (accounts.status === 'success' ? (accounts.data?.items ?? []) : [])
  const account = () => chosen() ?? list()[0]?.id ?? ''
  const [uses, setUses] = createSignal(1)
  const [hours, setHours] = createSignal(DAY_HOURS)
  const [labels, setLabels] = createSignal('')
  const wanted = () => ({
    ...(account() && { account_id: account() }),
    uses: uses(),
    expires_in_hours: hours(),
    labels: labelsIn(labels()),
  })
  const form = createSubmit({ run: () => api.enrol(wanted()), onDone: setEnrolment })
  return (
    <Dialog
      open
      size="wide"
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('agents.enrol_title')}
      lead={t('agents.enrol_lead')}
      footer={
        <Show
          when={enrolment()}
          fallback={
            <Button variant="primary" busy={form.busy()} onClick={() => void form.submit(undefined)}>
              {t('agents.enrol_make')}
            </Button>
          }
        >
          <Button onClick={() => props.onClose()}>{t('common.close')}</Button>
        </Show>
      }
    >
      <div class="flex flex-col gap-4">
        <Show
          when={enrolment()}
          fallback={
            <div class="grid gap-4 sm:grid-cols-2">
              <SelectField
                class="sm:col-span-2"
                label={t('agents.enrol_owner')}
                value={account()}
                options={list().map((one) => ({ value: one.id, label: one.name }))}
                onChange={setChosen}
              />
              <TextField
                label={t('agents.enrol_uses')}
                hint={t('agents.enrol_uses_hint')}
                type="number"
                min={1}
                max={1000}
                value={uses()}
                error={form.fieldError('/uses')}
                onInput={(event) => setUses(event.currentTarget.valueAsNumber)}
              />
              <SelectField
                label={t('agents.enrol_for')}
                value={String(hours())}
                options={LIVES.map((one) => ({ value: String(one), label: lifeText(one) }))}
                onChange={(value) => setHours(Number(value))}
              />
              <TextField
                class="sm:col-span-2"
                label={t('agents.enrol_labels')}
                hint={t('agents.enrol_labels_hint')}
                optional={t('common.optional')}
                maxlength={2000}
                value={labels()}
                error={form.errorWithin('/labels')}
                onInput={(event) => setLabels(event.currentTarget.value)}
              />
            </div>
          }
        >
          {(one) => (
            <>
              <CopyLine
                text={one().command}
                label={t('agents.command')}
                labels={{ copy: t('common.copy'), copied: t('common.copied') }}
              />
              <p class="m-0 text-[0.8125rem] text-muted">
                {uses() === 1
                  ? t('agents.enrol_valid', { at: say.instant(one().expires_at) })
                  : t('agents.enrol_valid_many', { uses: String(uses()), at: say.instant(one().expires_at) })}
              </p>
              <Arrival />
            </>
          )}
        </Show>
        <Show when={form.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      </div>
    </Dialog>
  )
}

/** Waits for an agent that wasn't there when the line was made. */
function Arrival() {
  const agents = useQuery(() => ({ ...queries.agents(), refetchInterval: POLL_MS }))
  const list = () => (agents.status === 'success' ? (agents.data?.items ?? []) : [])
  const before = new Set(
    list()
      .filter((one) => one.state === 'connected')
      .map((one) => one.id),
  )
  const arrived = createMemo(() => list().find((one) => one.state === 'connected' && !before.has(one.id)))
  return (
    <p role="status" class="m-0 flex items-center gap-2.5 rounded-lg border border-line px-3.5 py-3">
      <Show
        when={arrived()}
        fallback={
          <>
            <Spinner /> <span class="text-muted">{t('agents.waiting')}</span>
          </>
        }
      >
        {(agent) => (
          <>
            <CircleCheck size={18} class="text-ok-mark" /> {t('agents.arrived', { name: agent().name })}
          </>
        )}
      </Show>
    </p>
  )
}
