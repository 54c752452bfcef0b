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
import { SelectField } from '../kit/field.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'

const POLL_MS = 2_000

export function EnrolDialog(props: { onClose: () => void }) {
  const accounts = useQuery(() => queries.accounts())
  const [enrolment, setEnrolment] = createSignal<Enrolment>()
  const [chosen, setChosen] = createSignal<string>()
  const list = () => (accounts.status === 'success' ? (accounts.data?.items ?? []) : [])
  const account = () => chosen() ?? list()[0]?.id ?? ''
  const form = createSubmit({ run: () => api.enrol(account() || undefined), onDone: setEnrolment })
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
            <SelectField
              label={t('agents.enrol_owner')}
              value={account()}
              options={list().map((one) => ({ value: one.id, label: one.name }))}
              onChange={setChosen}
            />
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
                {t('agents.enrol_valid', { at: say.instant(one().expires_at) })}
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
