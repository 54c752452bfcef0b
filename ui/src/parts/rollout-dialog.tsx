/** Starting a roll-out: who comes first, then how many, and what is to be let pass. */
import { useQuery } from '@tanstack/solid-query'
import { createSignal, Show } from 'solid-js'
import { type AgentRelease, type AgentRollout, api, type NewRollout } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { SelectField, TextField } from '../kit/field.tsx'
import { queries } from '../queries.ts'
import { createSubmit } from './form.ts'
import { ProblemNote } from './load.tsx'

interface Props {
  release: AgentRelease
  onClose: () => void
  onDone: (rollout: AgentRollout) => void
}

/** "10, 50 100" → [10, 50, 100]; what is no number is sent on, for the control plane to refuse. */
const percentsIn = (text: string): number[] =>
  text
    .split(/[\s,;%]+/)
    .filter(Boolean)
    .map(Number)

export function RolloutDialog(props: Props) {
  const agents = useQuery(() => queries.agents())
  const choices = () =>
    (agents.status === 'success' ? (agents.data?.items ?? []) : []).filter(({ state }) => state === 'connected')
  const [first, setFirst] = createSignal('')
  const [percents, setPercents] = createSignal('10, 50, 100')
  const [minutes, setMinutes] = createSignal(15)
  const [failures, setFailures] = createSignal(0)
  const wanted = (): NewRollout => ({
    release_id: props.release.id,
    waves: [...(first() ? [{ agents: [first()] }] : []), ...percentsIn(percents()).map((percent) => ({ percent }))],
    soak_seconds: Math.round(minutes() * 60),
    max_failures: failures(),
  })
  const form = createSubmit({ run: () => api.startRollout(wanted()), onDone: (rollout) => props.onDone(rollout) })
  return (
    <Dialog
      open
      size="wide"
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t('rollouts.start_title', { version: props.release.version })}
      lead={t('rollouts.start_lead')}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button variant="primary" busy={form.busy()} onClick={() => void form.submit(undefined)}>
            {t('rollouts.start')}
          </Button>
        </>
      }
    >
      <div class="grid gap-4 sm:grid-cols-2">
        <SelectField
          label={t('rollouts.first_agents')}
          value={first()}
          options={[
            { value: '', label: t('rollouts.first_agents_none') },
            ...choices().map(({ id, name }) => ({ value: id, label: name })),
          ]}
          onChange={setFirst}
        />
        <TextField
          label={t('rollouts.waves')}
          hint={t('rollouts.waves_hint')}
          maxlength={100}
          value={percents()}
          error={form.errorWithin('/waves')}
          onInput={(event) => setPercents(event.currentTarget.value)}
        />
        <TextField
          label={t('rollouts.soak')}
          type="number"
          min={0}
          max={10_080}
          value={minutes()}
          error={form.fieldError('/soak_seconds')}
          onInput={(event) => setMinutes(event.currentTarget.valueAsNumber)}
        />
        <TextField
          label={t('rollouts.failures_max')}
          hint={t('rollouts.failures_hint')}
          type="number"
          min={0}
          max={10_000}
          value={failures()}
          error={form.fieldError('/max_failures')}
          onInput={(event) => setFailures(event.currentTarget.valueAsNumber)}
        />
        <Show when={form.error()}>
          {(problem) => (
            <div class="sm:col-span-2">
              <ProblemNote error={problem()} />
            </div>
          )}
        </Show>
      </div>
    </Dialog>
  )
}
