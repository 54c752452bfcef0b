/** What the agent of a cluster says about a moment: listings of its hosts, events of its machines, their counters; pure. */
import type { Collected, ObservationInput } from '#connectors/contract.ts'
import { hostReadingsOf, phaseAt, readingsOf } from './behaviour.ts'
import type { Cluster, Machine, Phase } from './customers.ts'

const observed = (machine: Machine, phase: Phase): ObservationInput => ({
  kind: 'vm',
  external_id: machine.external_id,
  name: machine.name,
  state: phase.state,
  size: { vcpu_count: phase.vcpu, memory_bytes: phase.memory_bytes, disk_bytes: phase.disk_bytes },
  host: phase.host,
  evidence: { smbios_uuid: machine.external_id },
  attributes: { model: 'KVM guest', firmware: 'UEFI' },
})

const hostOf = (name: string): ObservationInput => ({
  kind: 'host',
  external_id: name,
  name,
  state: 'running',
  size: { vcpu_count: 96, memory_bytes: 768 * 2 ** 30 },
  attributes: { model: 'Faro R7525', cpu: '2 × 24 cores' },
})

/** One tick of a cluster; `began` is the instant at which the history's time is 0. */
export function tick({ hosts }: Cluster, machines: readonly Machine[], at: number, began: number): Collected[] {
  const placed = machines.flatMap((machine) => {
    const phase = phaseAt(machine, at)
    return phase ? [{ machine, phase }] : []
  })
  return [
    ...hosts.map((host): Collected => ({
      type: 'listing',
      seen_at_ms: began + at,
      scope: { kind: 'host', external_id: host },
      complete: true,
      resources: [
        hostOf(host),
        ...placed.filter(({ phase }) => phase.host === host).map(({ machine, phase }) => observed(machine, phase)),
      ],
    })),
    ...hosts.map((host) => hostReadingsOf(host, at, began)),
    ...machines.map((machine) => readingsOf(machine, at, began)).filter((one) => one !== null),
  ]
}

/** What changed in [from, to), at its exact instant; a move is told by both hosts. */
export function events(machines: readonly Machine[], from: number, to: number, began: number): Collected[] {
  return machines.flatMap((machine) =>
    machine.phases.flatMap((phase, index) => {
      if (phase.from < from || phase.from >= to) return []
      const told = (host: string, here: boolean): Collected => ({
        type: 'event',
        seen_at_ms: began + phase.from,
        scope: { kind: 'host', external_id: host },
        resource: { kind: 'vm', external_id: machine.external_id },
        change: phase.change,
        content: here ? content(observed(machine, phase)) : null,
      })
      const before = machine.phases[index - 1]
      return before && before.host !== phase.host
        ? [told(before.host, false), told(phase.host, true)]
        : [told(phase.host, true)]
    }),
  )
}

const content = ({ kind: _kind, external_id: _id, incarnation: _incarnation, ...rest }: ObservationInput) => rest
