/** What a pod holds of its node: its requests and limits by the scheduler's own rule. Pure. */
import { quantity } from './quantity.ts'
import { type Fields, isFields, list, optionalFields } from './values.ts'

export interface Amounts {
  /** thousandths of a processor */
  cpu_millicores?: bigint
  memory_bytes?: bigint
}
const NAMES = ['cpu_millicores', 'memory_bytes'] as const

/** `cpu` and `memory` of a list of resources. */
export function amountsOf(resources: unknown, what: string): Amounts {
  const { cpu, memory } = optionalFields(resources, what)
  return {
    ...(cpu !== undefined && { cpu_millicores: quantity(cpu, 3, `${what}.cpu`) }),
    ...(memory !== undefined && { memory_bytes: quantity(memory, 0, `${what}.memory`) }),
  }
}

/** Together: what one of them leaves out counts nothing; what all leave out stays out. */
function combine(all: readonly Amounts[], join: (a: bigint, b: bigint) => bigint): Amounts {
  const out: Amounts = {}
  for (const amounts of all)
    for (const name of NAMES) {
      const [so_far, more] = [out[name], amounts[name]]
      if (more !== undefined) out[name] = so_far === undefined ? more : join(so_far, more)
    }
  return out
}
const sum = (...all: Amounts[]) => combine(all, (a, b) => a + b)
export const most = (...all: Amounts[]): Amounts => combine(all, (a, b) => (a > b ? a : b))

type Name = 'requests' | 'limits'

/** What the kubelet says of a resize: what it gave, and that it will never give what is asked for now. */
interface Given {
  statuses: ReadonlyMap<unknown, Fields>
  isInfeasible: boolean
}
function givenIn(status: Fields): Given {
  const all = (['containerStatuses', 'initContainerStatuses'] as const).flatMap((name) => list(status[name], name))
  const isPending = list(status['conditions'], 'conditions').some(
    ({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible',
  )
  // before 1.33 it stood in a field of its own
  const isInfeasible = isPending || status['resize'] === 'Infeasible'
  return { statuses: new Map(all.map((one) => [one['name'], one])), isInfeasible }
}

/** While a resize is under way the larger of what is asked for, what was allocated and what is in force; what can't be given isn't held. */
function effective(asked: unknown, status: Fields | undefined, name: Name, isInfeasible: boolean): Amounts {
  const wanted = amountsOf(optionalFields(asked, 'resources')[name], name)
  const inForce = amountsOf(optionalFields(status?.['resources'], 'resources')[name], name)
  const allocated = name === 'requests' ? amountsOf(status?.['allocatedResources'], 'allocatedResources') : {}
  const given = most(inForce, allocated)
  return isInfeasible && Object.keys(given).length > 0 ? given : most(wanted, given)
}
const ofContainer = (container: Fields, name: Name, { statuses, isInfeasible }: Given): Amounts =>
  effective(container['resources'], statuses.get(container['name']), name, isInfeasible)

/**
 * The larger of what its containers hold together and what it needed while it was initialised, with sidecars (init containers
 * that stay) in both, and the overhead of its runtime; where the pod itself says how much, that.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 * https://kubernetes.io/docs/tasks/configure-pod-container/resize-container-resources/
 */
export function holdings(spec: Fields, status: Fields, name: Name): Amounts {
  const given = givenIn(status)
  const containers = list(spec['containers'], 'containers').map((one) => ofContainer(one, name, given))
  let sidecars: Amounts = {}
  let initial: Amounts = {}
  for (const one of list(spec['initContainers'], 'initContainers')) {
    const own = ofContainer(one, name, given)
    if (one['restartPolicy'] === 'Always') sidecars = sum(sidecars, own)
    initial = most(initial, one['restartPolicy'] === 'Always' ? sidecars : sum(sidecars, own))
  }
  const together = most(sum(sidecars, ...containers), initial)
  const pod = isFields(spec['resources']) ? effective(spec['resources'], status, name, given.isInfeasible) : {}
  const overhead = amountsOf(spec['overhead'], 'overhead')
  const held = { ...together, ...pod }
  if (name === 'requests') return sum(held, overhead)
  // one container without a limit leaves the pod without one
  const bounded = (limit: keyof Amounts) =>
    pod[limit] !== undefined || containers.every((one) => one[limit] !== undefined)
  return Object.fromEntries(
    NAMES.filter(bounded).flatMap((limit) => (held[limit] === undefined ? [] : [[limit, held[limit]]])),
  )
}
