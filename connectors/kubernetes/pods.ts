/** The life of a pod: its state, and the instants at which its containers began and ended. Pure. */
import type { State } from '#connectors/contract.ts'
import { type Fields, instantMs, isFields, list, optionalFields } from './values.ts'

/** Instants in whole seconds, as Kubernetes keeps them; what is left out isn't known, or hasn't come. */
export interface Life {
  created_ms?: number
  /** pods: the first of its containers began */
  began_ms?: number
  /** pods: the last of its containers ended, and none begins again */
  ended_ms?: number
  /** how it ended */
  ended_as?: 'stopped' | 'failed'
  /** its deletion was asked for, its time to end included */
  deleted_ms?: number
}

const containersOf = (status: Fields): Fields[] => [
  ...list(status['initContainerStatuses'], 'initContainerStatuses'),
  ...list(status['containerStatuses'], 'containerStatuses'),
]
const isTerminal = (phase: unknown): boolean => phase === 'Succeeded' || phase === 'Failed'

/**
 * `running` from the first container on, init containers too: they use what was asked for. `paused` where a node holds its
 * requests and nothing runs yet; `stopped` before it has a node, and once it succeeded.
 */
export function stateOfPod(status: Fields): State {
  const { phase } = status
  if (phase === 'Failed') return 'failed'
  if (phase === 'Succeeded') return 'stopped'
  if (phase === 'Running') return 'running'
  if (phase !== 'Pending') return 'unknown'
  if (containersOf(status).some((one) => isFields(optionalFields(one['state'], 'state')['running']))) return 'running'
  return status['startTime'] === undefined || status['startTime'] === null ? 'stopped' : 'paused'
}

/** `leaves`: its deletion was asked for, so that what ended doesn't begin again. */
export function lifeOf(status: Fields, leaves: boolean): Life {
  const begun: number[] = []
  const ended: (number | undefined)[] = []
  for (const one of containersOf(status)) {
    const state = optionalFields(one['state'], 'state')
    const last = optionalFields(one['lastState'], 'lastState')
    for (const { startedAt } of [state['running'], state['terminated'], last['terminated']].filter(isFields)) {
      const at_ms = instantMs(startedAt, 'startedAt')
      if (at_ms !== undefined) begun.push(at_ms)
    }
    const isWaiting = isFields(state['waiting']) && !isFields(last['terminated'])
    if (isWaiting) continue
    const { finishedAt } = [state['terminated'], last['terminated']].find(isFields) ?? {}
    ended.push(isFields(state['running']) ? undefined : instantMs(finishedAt, 'finishedAt'))
  }
  const finished = ended.filter((at_ms) => at_ms !== undefined)
  const isOver = (isTerminal(status['phase']) || leaves) && finished.length > 0 && finished.length === ended.length
  return {
    ...(begun.length > 0 && { began_ms: Math.min(...begun) }),
    ...(isOver && { ended_ms: Math.max(...finished), ended_as: status['phase'] === 'Failed' ? 'failed' : 'stopped' }),
  }
}
