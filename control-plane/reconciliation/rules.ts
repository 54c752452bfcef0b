/** Holds what sources see against what is sold: which machines and services match, which differ and how, and of which nothing can be said. Pure. */
import type { Size } from '#connectors/contract.ts'
import type { Instant } from '../base/time.ts'
import type { Promised } from '../contracts/contract.ts'
import { METER_NAMES, meterOf } from '../metering/contract.ts'
import { counts } from '../metering/rules.ts'
import type { DiscrepancyKind } from './contract.ts'
import type { AttachmentFact, Counter, EndedEyeFact, Facts, MachineFact, ScopeFact, ServiceFact } from './facts.ts'
import { type Known, known } from './known.ts'

/** What a difference is worth is rated later, of this. */
export type Worth =
  /** what holding it comes to at the standard prices */
  | { of: 'standard' }
  /** what its owner is charged for holding it */
  | { of: 'charged' }
  /** the fees of services */
  | { of: 'fees'; service_ids: readonly string[] }
  /** what it holds beyond what was promised, less what is charged of that */
  | { of: 'beyond'; promised: Size }
  /** what the service that ended brought, less what is charged now */
  | { of: 'ended'; service_id: string; at: Instant; machines: number }
  /** what it is charged, with its part of the fees of services that so many machines fulfil */
  | { of: 'brought'; parts: readonly { service: ServiceFact; machines: number }[] }
  /** what these counters brought in 30 days */
  | { of: 'usage'; meters: readonly string[] }
  | { of: 'nothing' }

export interface Found {
  kind: DiscrepancyKind
  machine: MachineFact | null
  services: readonly ServiceFact[]
  account_id: string | null
  since: Instant | null
  worth: Worth
  promised?: Promised
  /** of `owner`: whose it is by the other side */
  other_account_id?: string | null
  /** of `unmetered` */
  meters?: readonly string[]
  ended_at?: Instant
}
export interface Unknown {
  machine: MachineFact | null
  service: ServiceFact | null
  scope: ScopeFact | null
}
export interface Judged {
  found: Found[]
  unknown: Unknown[]
  matched: number
  machines: number
  services: number
  /** which must have readings: asked of the readings themselves, they decide about the rest */
  counters: Counter[]
}

/** It must have been running for so long before a missing reading means anything. */
export const METERED_WITHIN_MS = 86_400_000

/** What is known without asking for readings; those of `counters` that were silent are `unmetered` beside it. */
export function judged(facts: Facts): Judged {
  const all = known(facts)
  const out: Judged = { found: [], unknown: [], matched: 0, machines: 0, services: 0, counters: [] }
  for (const machine of facts.machines.values()) {
    if (machine.ended_at !== null || machine.covered_by !== null || !facts.sold.has(machine.kind)) continue
    out.machines += 1
    const eye = all.goneEyes.get(machine.id)
    if (eye) out.found.push(goneMachine(machine, eye))
    else if (!all.current.has(machine.scope_id ?? ''))
      out.unknown.push({ machine, service: null, scope: facts.scopes.get(machine.scope_id ?? '') ?? null })
    else judgeMachine(all, machine, out)
  }
  for (const service of facts.services.values()) {
    if (!sellsMachines(facts, service)) continue
    out.services += 1
    judgeService(all, service, out)
  }
  return out
}

const goneMachine = (machine: MachineFact, { ended_at }: EndedEyeFact): Found => ({
  kind: 'gone',
  machine,
  services: [],
  account_id: machine.account_id,
  since: ended_at,
  ended_at,
  worth: { of: 'charged' },
})

function judgeMachine(all: Known, machine: MachineFact, out: Judged): void {
  const held = heldIn(all, machine)
  const found = [
    unpaid(all, machine, held),
    whileSuspended(all, machine, held),
    twice(all, machine, held),
    otherOwner(all, machine, held),
    ...drift(all, machine, held),
    sizeless(all, machine, held),
  ].filter((one) => one !== null)
  if (found.length === 0) out.matched += 1
  out.found.push(...found)
  if (!found.some(({ kind }) => kind === 'unmetered')) out.counters.push(...countersOf(all, machine, held))
}

/** To which services it is attached, by itself or else by another eye that sees it now, the oldest first. */
function heldIn({ eyes, attached, current }: Known, { id }: MachineFact): AttachmentFact[] {
  const all = (eyes.get(id) ?? [])
    .filter((eye) => current.has(eye.scope_id ?? ''))
    .flatMap((eye) => attached.get(eye.id) ?? [])
  const own = all.filter(({ resource_id }) => resource_id === id)
  const byService = new Map([...all, ...own].map((one) => [one.service_id, one]))
  return [...byService.values()].toSorted((a, b) => a.since - b.since || (a.service_id < b.service_id ? -1 : 1))
}

const serviceOf = ({ facts }: Known, { service_id }: AttachmentFact): ServiceFact[] => {
  const service = facts.services.get(service_id)
  return service ? [service] : []
}

/** Nobody pays for it: it runs after its service ended, or nobody owns it, or its owner has no price for it. */
function unpaid({ facts }: Known, machine: MachineFact, held: readonly AttachmentFact[]): Found | null {
  if (held.length > 0) return null
  const { account_id } = machine
  const nothing = { machine, services: [], account_id }
  if (account_id === null)
    return { ...nothing, kind: 'orphan', since: machine.first_seen_at, worth: { of: 'standard' } }
  const ended = facts.ended.get(machine.id)
  if (ended && machine.state === 'running') {
    const { service_id, ended_at: at, machines } = ended
    const worth = { of: 'ended' as const, service_id, at, machines }
    return { ...nothing, kind: 'ended_service', since: at, ended_at: at, worth }
  }
  const components = facts.priced.get(account_id)
  if (components && [...components].some((one) => one.startsWith(`${machine.kind}.`))) return null
  return { ...nothing, kind: 'orphan', since: machine.owned_since ?? machine.first_seen_at, worth: { of: 'standard' } }
}

/** It is meant to stand still with its service, whatever is billed of it meanwhile. */
function whileSuspended(all: Known, machine: MachineFact, held: readonly AttachmentFact[]): Found | null {
  const own = held.filter((one) => serviceOf(all, one).some(({ suspension }) => suspension !== null))
  if (machine.state !== 'running' || own.length === 0) return null
  const services = own.flatMap((one) => serviceOf(all, one))
  const since = Math.max(services[0]?.suspension?.from ?? 0, own[0]?.since ?? 0)
  const parts = services.map((service) => ({ service, machines: machinesOf(all, service) }))
  return {
    kind: 'suspended',
    machine,
    services,
    account_id: machine.account_id,
    since,
    worth: { of: 'brought', parts },
  }
}

/** How many machines fulfil it, however many eyes see each. */
const machinesOf = ({ facts, ofService }: Known, { id }: ServiceFact): number => {
  const own = (ofService.get(id) ?? []).flatMap(({ resource_id }) => facts.machines.get(resource_id) ?? [])
  return new Set(own.filter(({ ended_at }) => ended_at === null).map((one) => one.covered_by ?? one.id)).size
}

function twice(all: Known, machine: MachineFact, held: readonly AttachmentFact[]): Found | null {
  const services = [...new Set(held.flatMap((one) => serviceOf(all, one)))]
  const second = held.find(({ service_id }) => service_id !== held[0]?.service_id)
  if (!second) return null
  // the oldest is the one that stays
  const worth = { of: 'fees' as const, service_ids: services.slice(1).map(({ id }) => id) }
  return {
    kind: 'two_services',
    machine,
    services,
    account_id: machine.account_id ?? second.account_id,
    since: second.since,
    worth,
  }
}

function otherOwner(all: Known, machine: MachineFact, held: readonly AttachmentFact[]): Found | null {
  const services = [...new Set(held.flatMap((one) => serviceOf(all, one)))]
  const [first] = held
  const base = {
    kind: 'owner' as const,
    machine,
    services,
    account_id: machine.account_id,
    worth: { of: 'charged' as const },
  }
  if (services.length === 1 && first && first.account_id !== machine.account_id)
    return { ...base, since: machine.owned_since ?? first.since, other_account_id: first.account_id }
  const eye = (all.eyes.get(machine.id) ?? []).find(
    (one) => one.id !== machine.id && one.account_id !== null && one.account_id !== machine.account_id,
  )
  if (!eye || machine.account_id === null) return null
  if (!all.current.has(eye.scope_id ?? '')) return null
  const since = Math.max(eye.owned_since ?? eye.first_seen_at, machine.owned_since ?? machine.first_seen_at)
  return { ...base, since, other_account_id: eye.account_id }
}

/** What a machine was promised to be: what was agreed of it alone, before what its plan says of its kind. */
function promiseOf(service: ServiceFact, { promised: own }: AttachmentFact, { kind }: MachineFact): Promised | null {
  const plan = service.promised?.kind === kind ? service.promised : null
  if (!plan && !own) return null
  const realm = own?.realm ?? plan?.realm
  return {
    size: { ...plan?.size, ...own?.size },
    ...(realm !== undefined && { realm }),
    ...(own?.host_id !== undefined && { host_id: own.host_id }),
  }
}

function drift(all: Known, machine: MachineFact, held: readonly AttachmentFact[]): Found[] {
  const [attachment, other] = held
  const [service] = attachment ? serviceOf(all, attachment) : []
  if (!attachment || !service || other) return []
  const promised = promiseOf(service, attachment, machine)
  if (!promised) return []
  const since = Math.max(attachment.since, machine.seen_since ?? machine.first_seen_at)
  const base = { machine, services: [service], account_id: machine.account_id, since, promised }
  const out: Found[] = []
  if (isOtherSize(machine.size, promised.size ?? {}))
    out.push({ ...base, kind: 'size', worth: { of: 'beyond', promised: { ...machine.size, ...promised.size } } })
  const eyes = (all.eyes.get(machine.id) ?? []).filter(({ scope_id }) => all.current.has(scope_id ?? ''))
  if (isElsewhere(eyes, promised)) out.push({ ...base, kind: 'host', worth: { of: 'nothing' } })
  return out
}

/** What no source tells is no other size. */
const isOtherSize = (seen: Size, promised: Size): boolean =>
  (Object.keys(promised) as (keyof Size)[]).some(
    (name) => seen[name] !== undefined && promised[name] !== undefined && BigInt(seen[name]) !== BigInt(promised[name]),
  )
/** Where none of its eyes sees it; an eye that knows no host says nothing of it. */
function isElsewhere(eyes: readonly MachineFact[], promised: Promised): boolean {
  if (promised.realm !== undefined && !eyes.some(({ realm }) => realm === promised.realm)) return true
  const hosts = eyes.flatMap(({ host_id }) => host_id ?? [])
  return promised.host_id !== undefined && hosts.length > 0 && !hosts.includes(promised.host_id)
}

/** The components by which it is charged. */
function componentsOf({ facts }: Known, machine: MachineFact, held: readonly AttachmentFact[]): ReadonlySet<string> {
  const own = (all: ReadonlySet<string> | undefined) =>
    new Set([...(all ?? [])].filter((one) => one.startsWith(`${machine.kind}.`)))
  const service = facts.services.get(held[0]?.service_id ?? '')
  if (machine.account_id === null || held.length > 1) return new Set()
  if (!service) return own(facts.priced.get(machine.account_id))
  if (service.account_id !== machine.account_id) return new Set()
  const planned = own(facts.planned.get(service.price_book_id))
  const charged = service.on_trial ? new Set<string>() : planned
  return service.included_kinds.includes(machine.kind)
    ? charged
    : charged.union(own(facts.priced.get(machine.account_id)).difference(planned))
}

const isSteady = ({ now }: Facts, { running_since }: MachineFact): boolean =>
  running_since !== null && now - running_since >= METERED_WITHIN_MS

/** It is charged by sizes that no source tells of it. */
function sizeless(all: Known, machine: MachineFact, held: readonly AttachmentFact[]): Found | null {
  if (!isSteady(all.facts, machine)) return null
  const components = componentsOf(all, machine, held)
  const meters = METER_NAMES.filter((name) => {
    const meter = meterOf(name)
    const size = meter.size === 'service_count' ? undefined : meter.size
    if (!components.has(`${machine.kind}.${name}`) || meter.kind !== 'allocation' || size === undefined) return false
    return counts(meter, machine.state) && machine.size[size] === undefined
  })
  if (meters.length === 0) return null
  const services = held.flatMap((one) => serviceOf(all, one))
  return unmetered(machine, services, { since: machine.seen_since, meters })
}

/** A machine and the meters of it that measure nothing. */
export const unmetered = (
  machine: MachineFact,
  services: readonly ServiceFact[],
  { since, meters }: { since: Instant | null; meters: readonly string[] },
): Found => ({
  kind: 'unmetered',
  machine,
  services,
  account_id: machine.account_id,
  since,
  meters,
  worth: { of: 'usage', meters },
})

function countersOf(all: Known, machine: MachineFact, held: readonly AttachmentFact[]): Counter[] {
  if (!isSteady(all.facts, machine)) return []
  const components = componentsOf(all, machine, held)
  return METER_NAMES.filter(
    (meter) => components.has(`${machine.kind}.${meter}`) && meterOf(meter).kind !== 'allocation',
  ).map((meter) => ({ resource_id: machine.id, meter }))
}

/** Whether machines are expected of it. */
const sellsMachines = ({ planned }: Facts, { included_kinds, promised, price_book_id }: ServiceFact): boolean =>
  included_kinds.length > 0 ||
  promised !== null ||
  [...(planned.get(price_book_id) ?? [])].some((one) => !one.startsWith('service.'))

function judgeService(all: Known, service: ServiceFact, out: Judged): void {
  const { facts, dim } = all
  const machines = (all.ofService.get(service.id) ?? []).flatMap(
    ({ resource_id }) => facts.machines.get(resource_id) ?? [],
  )
  const base = { machine: null, services: [service], account_id: service.account_id }
  const worth = { of: 'fees' as const, service_ids: [service.id] }
  if (machines.length === 0) {
    out.found.push({ ...base, kind: 'ghost', since: service.detached_at ?? service.since, worth })
    return
  }
  if (machines.some((one) => isThere(all, one))) return
  const doubtful = machines.find(({ ended_at, realm, id }) =>
    ended_at === null ? !all.goneEyes.has(id) : dim.has(realm),
  )
  if (doubtful) {
    const scope = doubtful.ended_at === null ? facts.scopes.get(doubtful.scope_id ?? '') : dim.get(doubtful.realm)
    out.unknown.push({ machine: null, service, scope: scope ?? null })
    return
  }
  const ended_at = Math.max(...machines.map((one) => one.ended_at ?? all.goneEyes.get(one.id)?.ended_at ?? 0))
  const [machine = null] = machines
  out.found.push({ ...base, machine, kind: 'gone', since: ended_at, ended_at, worth })
}

const isThere = (all: Known, { ended_at, scope_id }: MachineFact): boolean =>
  ended_at === null && all.current.has(scope_id ?? '')
