/** How an agent stands with the version that it is brought to. */
import { Show } from 'solid-js'
import type { AgentUpdate } from '../api.ts'
import { t } from '../i18n/language.ts'
import { Badge, type Tone } from '../kit/badge.tsx'

const TONES: Partial<Record<AgentUpdate['state'], Tone>> = {
  offered: 'accent',
  fetching: 'accent',
  switching: 'accent',
  updated: 'ok',
  refused: 'bad',
  failed: 'bad',
  going_back: 'warn',
  went_back: 'warn',
}
/** Once it is where it belongs there is nothing to say. */
const isOver = ({ state, version, running }: AgentUpdate) =>
  state === 'superseded' || state === 'not_for_it' || (state === 'updated' && running === version)

export const UpdateState = (props: { update: AgentUpdate }) => (
  <Badge tone={TONES[props.update.state] ?? 'idle'} title={props.update.detail ?? props.update.reason ?? undefined}>
    {t(`rollouts.agent_${props.update.state}`)}
  </Badge>
)

/** Beside the version that runs: the one that is to run, and how far it has come. */
export const UpdateTarget = (props: { update: AgentUpdate | undefined }) => (
  <Show when={props.update && !isOver(props.update) ? props.update : undefined}>
    {(update) => (
      <span class="mt-1 flex flex-wrap items-center gap-1.5">
        <span class="text-[0.8125rem] text-muted">{t('rollouts.target', { version: update().version })}</span>
        <UpdateState update={update()} />
      </span>
    )}
  </Show>
)
