/** One roll-out: its waves as bars with the same in words, who decided what, and what can be done about it. */
import { useQueryClient } from '@tanstack/solid-query'
import { createSignal, For, Show } from 'solid-js'
import { type AgentRollout, type AgentUpdate, api } from '../api.ts'
import { t } from '../i18n/language.ts'
import { say } from '../i18n/say.ts'
import { Badge, type Tone } from '../kit/badge.tsx'
import { Button } from '../kit/button.tsx'
import { Dialog } from '../kit/dialog.tsx'
import { TextField } from '../kit/field.tsx'
import { createSubmit } from './form.ts'
import { labelsText } from './labels.ts'
import { ProblemNote } from './load.tsx'
import { createMay } from './may.ts'
import { UpdateState } from './update-state.tsx'

const TONES: Record<AgentRollout['state'], Tone> = {
  running: 'accent',
  paused: 'warn',
  halted: 'bad',
  completed: 'ok',
  rolled_back: 'idle',
}
type Wave = AgentRollout['waves'][number]

const aim = ({ wave }: Wave): string => {
  if ('agents' in wave) return t('rollouts.of_agents', wave.agents.length)
  if ('labels' in wave) return t('rollouts.of_labels', { labels: labelsText(wave.labels).join(', ') })
  return t('rollouts.of_percent', { percent: say.percent(wave.percent / 100) })
}

export function RolloutCard(props: { rollout: AgentRollout; agents: readonly AgentUpdate[] }) {
  const client = useQueryClient()
  const may = createMay()
  const [asking, setAsking] = createSignal<'pause' | 'roll_back' | null>(null)
  const changed = () => {
    setAsking(null)
    for (const key of ['rollouts', 'agent-updates']) void client.invalidateQueries({ queryKey: [key] })
  }
  const resuming = createSubmit({ run: () => api.resumeRollout(props.rollout.id), onDone: changed })
  const troubled = () =>
    props.agents.filter(({ rollout_id, is_failure }) => rollout_id === props.rollout.id && is_failure)
  const is = (...states: AgentRollout['state'][]) => states.includes(props.rollout.state)
  return (
    <article class="border-b border-line px-4 py-4 last:border-b-0">
      <header class="flex flex-wrap items-start gap-x-3 gap-y-2">
        <div class="min-w-0 flex-1 basis-56">
          <h3 class="flex flex-wrap items-center gap-2 text-sm font-semibold">
            <span class="tabular">{props.rollout.version}</span>
            <span class="font-normal text-muted">{props.rollout.platform}</span>
            <Badge tone={TONES[props.rollout.state]}>{t(`rollouts.${props.rollout.state}`)}</Badge>
          </h3>
          <p class="m-0 mt-1 text-[0.8125rem] text-muted break-words">
            {t('rollouts.by', { at: say.instant(props.rollout.changed_at), who: props.rollout.changed_by })}
            <Show when={props.rollout.reason}>{(reason) => <> · {reason()}</>}</Show>
          </p>
        </div>
        <div class="flex flex-wrap gap-2">
          <Show when={is('running')}>
            <Button size="small" onClick={() => setAsking('pause')} {...may('agents.write')}>
              {t('rollouts.pause')}
            </Button>
          </Show>
          <Show when={is('paused')}>
            <Button
              size="small"
              busy={resuming.busy()}
              onClick={() => void resuming.submit(undefined)}
              {...may('agents.write')}
            >
              {t('rollouts.resume')}
            </Button>
          </Show>
          <Show when={is('running', 'paused', 'completed')}>
            <Button size="small" onClick={() => setAsking('roll_back')} {...may('agents.write')}>
              {t('rollouts.roll_back')}
            </Button>
          </Show>
        </div>
      </header>
      <Show when={resuming.error()}>{(problem) => <ProblemNote error={problem()} />}</Show>
      <ol class="m-0 mt-3 grid list-none gap-x-6 gap-y-3 p-0 sm:grid-cols-2 lg:grid-cols-3">
        <For each={props.rollout.waves}>
          {(wave, index) => (
            <WaveBar
              wave={wave}
              number={index() + 1}
              isPresent={is('running', 'paused') && index() + 1 === props.rollout.wave}
            />
          )}
        </For>
      </ol>
      <Show when={troubled().length > 0}>
        <h4 class="mt-3 text-[0.8125rem] font-medium">{t('rollouts.troubled')}</h4>
        <ul class="m-0 mt-1 flex list-none flex-col gap-1.5 p-0 text-sm">
          <For each={troubled()}>
            {(agent) => (
              <li class="flex flex-wrap items-baseline gap-x-2 gap-y-1">
                <span class="font-medium">{agent.agent_name}</span>
                <UpdateState update={agent} />
                <code class="font-mono text-xs">{agent.reason}</code>
                <span class="min-w-0 text-[0.8125rem] text-muted [overflow-wrap:anywhere]">{agent.detail}</span>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Show when={asking()} keyed>
        {(what) => <WithReason what={what} rollout={props.rollout} onClose={() => setAsking(null)} onDone={changed} />}
      </Show>
    </article>
  )
}

function WaveBar(props: { wave: Wave; number: number; isPresent: boolean }) {
  const share = (part: number) => `${props.wave.agents === 0 ? 0 : (part / props.wave.agents) * 100}%`
  return (
    <li aria-current={props.isPresent ? 'step' : undefined}>
      <p class="m-0 flex flex-wrap justify-between gap-x-2 text-[0.8125rem]">
        <span class={props.isPresent ? 'font-semibold' : ''}>
          {t('rollouts.wave', { number: String(props.number) })}
        </span>
        <span class="text-muted">{aim(props.wave)}</span>
      </p>
      <div aria-hidden="true" class="my-1.5 flex h-2 overflow-hidden rounded-full bg-sunken">
        <span class="bg-ok-mark" style={{ width: share(props.wave.updated) }} />
        <span class="bg-bad-mark" style={{ width: share(props.wave.failed) }} />
      </div>
      <p class="m-0 flex flex-wrap gap-x-2 text-[0.8125rem] text-muted tabular">
        {t('rollouts.wave_text', { updated: String(props.wave.updated), agents: String(props.wave.agents) })}
        <Show when={props.wave.failed > 0}>
          <span class="text-bad">{t('rollouts.wave_failed', props.wave.failed)}</span>
        </Show>
        <Show when={props.wave.waiting > 0}>
          <span>{t('rollouts.wave_waiting', props.wave.waiting)}</span>
        </Show>
      </p>
    </li>
  )
}

interface ReasonProps {
  what: 'pause' | 'roll_back'
  rollout: AgentRollout
  onClose: () => void
  onDone: () => void
}

function WithReason(props: ReasonProps) {
  const [reason, setReason] = createSignal('')
  const form = createSubmit({
    run: () => (props.what === 'pause' ? api.pauseRollout : api.rollBack)(props.rollout.id, reason().trim()),
    onDone: () => props.onDone(),
  })
  return (
    <Dialog
      open
      onClose={props.onClose}
      closeLabel={t('common.close')}
      title={t(`rollouts.${props.what}_title`, { version: props.rollout.version })}
      lead={t(`rollouts.${props.what}_text`)}
      footer={
        <>
          <Button onClick={() => props.onClose()}>{t('common.cancel')}</Button>
          <Button
            variant={props.what === 'pause' ? 'primary' : 'danger'}
            busy={form.busy()}
            disabled={!reason().trim()}
            onClick={() => void form.submit(undefined)}
          >
            {t(`rollouts.${props.what}`)}
          </Button>
        </>
      }
    >
      <TextField
        label={t('common.reason')}
        maxlength={500}
        value={reason()}
        error={form.fieldError('/reason')}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      <Show when={form.restError(['/reason'])}>{(problem) => <ProblemNote error={problem()} />}</Show>
    </Dialog>
  )
}
