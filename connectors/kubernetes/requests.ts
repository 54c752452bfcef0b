/** What a pod holds of its node: its requests and limits by the scheduler's own rule. Pure. */
import { quantity } from './quantity.ts'
import { type Fields, fields, isFields, list, optionalFields } from './values.ts'

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

/** While a resize is under way a container holds the larger of what it asks for and what it has been given. */
function ofContainer(container: Fields, name: Name, given: ReadonlyMap<unknown, Fields>): Amounts {
  const asked = amountsOf(optionalFields(container['resources'], 'resources')[name], name)
  const status = name === 'requests' ? given.get(container['name']) : undefined
  return status ? most(asked, amountsOf(status['allocatedResources'], 'allocatedResources')) : asked
}

/**
 * The larger of what its containers hold together and what it needed while it was initialised, with sidecars (init containers
 * that stay) in both, and the overhead of its runtime; where the pod itself says how much, that.
 * https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/#resource-sharing-within-containers
 */
export function holdings(spec: Fields, status: Fields, name: Name): Amounts {
  const given = new Map(list(status['containerStatuses'], 'containerStatuses').map((one) => [one['name'], one]))
  const containers = list(spec['containers'], 'containers').map((one) => ofContainer(one, name, given))
  let sidecars: Amounts = {}
  let initial: Amounts = {}
  for (const one of list(spec['initContainers'], 'initContainers')) {
    const own = ofContainer(one, name, given)
    if (one['restartPolicy'] === 'Always') sidecars = sum(sidecars, own)
    initial = most(initial, one['restartPolicy'] === 'Always' ? sidecars : sum(sidecars, own))
  }
  const together = most(sum(sidecars, ...containers), initial)
  const pod = isFields(spec['resources']) ? amountsOf(fields(spec['resources'], 'resources')[name], name) : {}
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
