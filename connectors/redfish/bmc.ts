/** One BMC over many ticks: what it shows becomes facts, and what must not be forgotten between them is kept. */
import { z } from 'zod'
import type { Collected, ConnectorError, ObservationInput, Scope, Surroundings } from '#connectors/contract.ts'
import { ownUuid } from '#connectors/firmware.ts'
import { components } from '#connectors/parts.ts'
import { advance, Chosen, choose, energyReadings, Epoch, isChosen } from './energy.ts'
import { behindMs, fresh, Known, managed } from './log.ts'
import { isBoard } from './makers.ts'
import {
  chassisId,
  chassisObservation,
  hostObservation,
  identify,
  isMachine,
  partsOf,
  powerParts,
  isWithin,
  stateOf,
  systemOf,
} from './map.ts'
import { energies, gauges } from './readings.ts'
import {
  type Ask,
  environment,
  type Environment,
  logs,
  type Member,
  type Notes,
  notes,
  others,
  type Parts,
  parts,
  type Service,
  service,
} from './survey.ts'
import { type Fields, fields, type Gauges, health, items, label, lastPart, path, rollup } from './values.ts'

const Identity = z.strictObject({
  id: z.string().min(1).max(512),
  uuid: z.string().max(64).optional(),
  serial: z.string().max(128).optional(),
  /** since when we know it: nothing can be said of it before */
  first_ms: z.int().nonnegative(),
})
export const Kept = z.strictObject({
  scope: z.string().min(1).max(512).optional(),
  machines: z.record(z.string(), Identity),
  logs: z.record(z.string(), Known),
  epochs: z.record(z.string(), Epoch),
  chosen: z.record(z.string(), Chosen),
})
export type Kept = z.infer<typeof Kept>
export const nothingKept = (): Kept => ({ machines: {}, logs: {}, epochs: {}, chosen: {} })

const FORGOTTEN_MS = 30 * 86_400_000

/** A machine in this tick. */
interface Seen {
  system: Member
  id: string
  first_ms: number
  chassis: Member[]
  /** systems that are built into it */
  boards: Member[]
}
/** What a machine is made of, from when it was last read whole. */
interface Inventory {
  parts: Parts
  read_ms: number
  /** what it looked like then: another look is a reason to read it again */
  look: string
}

/** What one tick found. */
interface Tick {
  found: Service
  machines: readonly Seen[]
  environments: readonly Environment[]
  note: Notes
  scope: Scope
  now_ms: number
  behind_ms: number
}

export interface Outcome {
  facts: Collected[]
  /** what a person should do something about, though there are facts */
  error: ConnectorError | undefined
}
export interface Surrounding {
  now(): number
  log: Surroundings['log']
  inventory_ms: number
}

/** Asks nothing itself: it yields what to ask for, and takes the answers. */
export class Bmc {
  readonly name: string
  readonly kept: Kept
  readonly #around: Surrounding
  #inventories = new Map<string, Inventory>()
  #types = new Set<string>()
  #complained = ''
  #changed = false

  constructor(name: string, kept: Kept, around: Surrounding) {
    this.name = name
    this.kept = kept
    this.#around = around
  }

  get scope(): string | undefined {
    return this.kept.scope
  }
  /** Whether something was learnt that the next start of the agent needs. */
  takeChanged(): boolean {
    const changed = this.#changed
    this.#changed = false
    return changed
  }

  *collect(): Ask<Outcome> {
    const note = notes()
    const now_ms = this.#around.now()
    const found = yield* service(note)
    const scope: Scope = { kind: 'host', external_id: this.#scopeOf(found) }
    const { machines, shared } = this.#identified(found, now_ms, note.complaints.length === 0)
    const environments: Environment[] = []
    for (const chassis of [...machines.flatMap((one) => one.chassis), ...shared])
      environments.push(yield* environment(chassis, note))
    const behind_ms = behindMs(found.managers[0]?.body, now_ms)
    const tick: Tick = { found, machines, environments, note, scope, now_ms, behind_ms }
    const events = yield* this.#events(tick)
    const resources: ObservationInput[] = []
    for (const machine of machines) resources.push(...(yield* this.#machine(machine, tick)))
    for (const chassis of shared) resources.push(...this.#shared(chassis, environments))
    const isOff = machines.some(({ system }) => stateOf(system.body) !== 'running')
    const complete = this.#isComplete(note, resources, isOff)
    if (complete) this.#forget(now_ms)
    const listing = { type: 'listing' as const, seen_at_ms: now_ms, scope, complete, resources: distinct(resources) }
    return {
      facts: [listing, ...events, ...this.#readings(tick, shared)],
      error: note.complaints.find(({ code }) => code === 'refused'),
    }
  }

  /** What was pulled out long ago. */
  #forget(now_ms: number): void {
    const isOld = ({ read_ms }: { read_ms: number }) => now_ms - read_ms > FORGOTTEN_MS
    for (const [at, known] of Object.entries(this.kept.logs)) if (isOld(known)) delete this.kept.logs[at]
    for (const [key, epoch] of Object.entries(this.kept.epochs)) if (isOld(epoch)) delete this.kept.epochs[key]
  }

  /** What covers all machines of this BMC: its own UUID, which stays when its address changes. */
  #scopeOf({ root, managers }: Service): string {
    const says =
      ownUuid(root['UUID']) ?? managers.map(({ body }) => ownUuid(body['UUID'])).find((uuid) => uuid !== undefined)
    const scope = says ?? this.kept.scope ?? this.name
    this.#changed ||= scope !== this.kept.scope
    return (this.kept.scope = scope)
  }

  /** While systems are missing, a chassis is a machine's only if it says so: it may be that of one that can't be read now. */
  #identified({ systems, chassis }: Service, now_ms: number, isWhole: boolean): { machines: Seen[]; shared: Member[] } {
    const all = systems.filter(isMachine)
    const apart = all.filter(({ at }) => !isBoard(at))
    // whose boards they are can't be told of several
    const hasBoards = apart.length === 1
    const found = hasBoards ? apart : all
    const boards = hasBoards ? all.filter(({ at }) => isBoard(at)) : []
    const isOnly = found.length === 1 && isWhole
    const unclaimed = chassis.filter((one) => systemOf(one, chassis) === undefined)
    // an enclosure with but one blade in it is still none of the blade's
    const enclosures = unclaimed.filter((one) =>
      chassis.some((inner) => isWithin(inner, one) && !unclaimed.includes(inner)),
    )
    const taken = new Set<string>()
    const machines = found.map((system) => {
      const before = Object.hasOwn(this.kept.machines, system.at) ? this.kept.machines[system.at] : undefined
      const identity = identify(system, this.name, before)
      // two machines of one BMC with one UUID: the second is its place
      if (taken.has(identity.id)) identity.id = `${this.name}${system.at}`.slice(0, 500)
      taken.add(identity.id)
      const first_ms = before?.id === identity.id ? before.first_ms : now_ms
      this.#changed ||= before?.id !== identity.id
      this.kept.machines[system.at] = { ...identity, first_ms }
      const linked = new Set(items(fields(system.body['Links'])['Chassis']).map((link) => path(link)))
      const own = chassis.filter((one) => (isOnly ? !enclosures.includes(one) : systemOf(one, chassis) === system.at))
      const byLink = own.toSorted((a, b) => Number(linked.has(b.at)) - Number(linked.has(a.at)))
      return { system, id: identity.id, first_ms, chassis: byLink, boards }
    })
    return { machines, shared: isOnly ? enclosures : isWhole ? unclaimed : [] }
  }

  *#machine(
    { system, id, chassis, boards }: Seen,
    { found, environments, note, now_ms }: Tick,
  ): Ask<ObservationInput[]> {
    const inventory = yield* this.#inventory(system, boards, chassis, note, now_ms)
    const { uuid, serial } = this.kept.machines[system.at] ?? {}
    const managers = found.managers.filter((one) => found.systems.length === 1 || path(managed(one)) === system.at)
    const identity = { id, uuid, serial }
    const host = hostObservation({ identity, bmc: this.name, system, chassis, managers, parts: inventory })
    const own = environments.filter((one) => chassis.includes(one.chassis))
    return [host, ...components([...partsOf(inventory), ...own.flatMap(powerParts)], { kind: 'host', id })]
  }

  /** Parts are many requests and seldom change: read when they are due, or when the machine looks different. */
  *#inventory(
    system: Member,
    boards: readonly Member[],
    chassis: readonly Member[],
    note: Notes,
    now_ms: number,
  ): Ask<Parts> {
    const look = JSON.stringify([
      this.kept.machines[system.at]?.id,
      system.body['PowerState'],
      ...[system, ...boards, ...chassis].map(({ at, body }) => [at, health(body), rollup(body)]),
    ])
    const before = this.#inventories.get(system.at)
    const age_ms = now_ms - (before?.read_ms ?? 0)
    if (before?.look === look && age_ms >= 0 && age_ms < this.#around.inventory_ms) return before.parts
    const own: Notes = { ...notes(), expands: note.expands }
    const found = yield* parts(system, chassis, own)
    for (const board of boards) {
      const { processors, memory } = yield* parts(board, [], own)
      found.processors.push(...others(processors, found.processors))
      found.memory.push(...others(memory, found.memory))
    }
    note.complaints.push(...own.complaints)
    for (const at of own.absent) note.absent.add(at)
    if (own.complaints.length === 0) this.#inventories.set(system.at, { parts: found, read_ms: now_ms, look })
    return found
  }

  #shared(chassis: Member, environments: readonly Environment[]): ObservationInput[] {
    const id = chassisId(chassis, this.name)
    const own = environments.filter((one) => one.chassis === chassis)
    return [chassisObservation(chassis, id), ...components(own.flatMap(powerParts), { kind: 'component', id })]
  }

  /**
   * BMCs lose whole collections while they restart, and some know no parts of a machine that is off: all of a type gone at once, with
   * links that lead nowhere or without power, isn't believed.
   */
  #isComplete(note: Notes, resources: readonly ObservationInput[], isOff: boolean): boolean {
    const types = new Set(resources.map(({ kind, attributes }) => `${kind} ${String(attributes?.['type'] ?? '')}`))
    const lost = (isOff || note.absent.size > 0) && [...this.#types].some((type) => !types.has(type))
    const complete = note.complaints.length === 0 && !lost
    if (complete) this.#types = types
    const complaint =
      note.complaints.map(({ message }) => message).join('; ') || (lost ? 'parts of a kind are all missing' : '')
    if (complaint !== '' && complaint !== this.#complained)
      this.#around.log('warn', `${this.name}: not all of it could be read; nothing is taken for gone`, {
        because: complaint.slice(0, 1_000),
      })
    this.#complained = complaint
    return complete
  }

  *#events({ found, machines, note, scope, now_ms, behind_ms }: Tick): Ask<Collected[]> {
    const events: EventFact[] = []
    for (const owner of [...found.systems, ...found.managers, ...found.chassis]) {
      const { resource, first_ms } = this.#ownerOf(owner, machines)
      for (const log of yield* logs(owner, note)) {
        const before = Object.hasOwn(this.kept.logs, log.at) ? this.kept.logs[log.at] : undefined
        const own_ms = log.service['DateTime'] === undefined ? behind_ms : behindMs(log.service, now_ms)
        const { entries, known } = fresh(log, before, now_ms, own_ms)
        this.#changed ||= !before || entries.length > 0
        this.kept.logs[log.at] = known
        for (const { at_ms, change } of entries)
          events.push({ type: 'event', seen_at_ms: Math.max(at_ms, first_ms), scope, resource, change, content: {} })
        // something happened: what the machine is made of may have changed with it
        if (entries.length > 0) this.#inventories.clear()
      }
    }
    // iDRAC shows one log under its manager and under its system
    return distinctEvents(events)
  }

  #ownerOf(owner: Member, machines: readonly Seen[]): { resource: Resource; first_ms: number } {
    const machine =
      machines.length === 1
        ? machines[0]
        : machines.find(
            ({ system, chassis }) =>
              system.at === owner.at || system.at === path(managed(owner)) || chassis.includes(owner),
          )
    if (machine) return { resource: { kind: 'host', external_id: machine.id }, first_ms: machine.first_ms }
    return { resource: { kind: 'component', external_id: chassisId(owner, this.name) }, first_ms: 0 }
  }

  #readings({ machines, environments, now_ms, behind_ms }: Tick, shared: readonly Member[]): Collected[] {
    const holders = [
      ...machines.map(({ id, chassis }) => ({ kind: 'host' as const, id, chassis })),
      ...shared.map((one) => ({ kind: 'component' as const, id: chassisId(one, this.name), chassis: [one] })),
    ]
    return holders.flatMap(({ kind, id, chassis }) => {
      const own = chassis.flatMap((one) => environments.filter((seen) => seen.chassis === one))
      const resource = { kind, external_id: id }
      const values = merged(own)
      const gauged: Collected[] =
        Object.keys(values).length > 0 ? [{ type: 'readings', seen_at_ms: now_ms, resource, gauges: values }] : []
      return [...gauged, ...this.#energy(resource, own, now_ms, behind_ms)]
    })
  }

  #energy(resource: Resource, own: readonly Environment[], now_ms: number, behind_ms: number): Collected[] {
    const all = own.map((seen) => ({ chassis: seen.chassis.at, energies: energies(seen) }))
    const holder = `${resource.kind}/${resource.external_id}`
    // what can't be read now may be the very count to choose
    const chosen =
      this.kept.chosen[holder] ?? (own.some(({ energy_unread }) => energy_unread) ? undefined : choose(all))
    if (chosen && !this.kept.chosen[holder]) this.#changed = true
    if (chosen) this.kept.chosen[holder] = chosen
    return all.flatMap(({ chassis, energies: counted }) =>
      counted.map((energy) => {
        const isOwn = chassis === own[0]?.chassis.at
        const key = `${holder}${chassis}#${energy.supply}`
        const before = this.kept.epochs[key]
        const epoch = advance(before, energy, now_ms, behind_ms)
        this.#changed ||= epoch.id !== before?.id
        this.kept.epochs[key] = epoch
        const device = isOwn
          ? energy.supply
          : [lastPart(chassis), energy.supply].filter(Boolean).join(' ').slice(0, 200)
        return energyReadings(resource, device, epoch, isChosen(chosen, chassis, energy))
      }),
    )
  }
}

type EventFact = Extract<Collected, { type: 'event' }>
type Resource = { kind: 'host' | 'component'; external_id: string }

/** Several chassis of one machine: the first keeps its names, the others' have theirs added where they are taken. */
function merged(own: readonly Environment[]): Gauges {
  const out: Gauges = {}
  for (const [index, seen] of own.entries()) {
    const name = nameOf(seen.chassis.body) ?? lastPart(seen.chassis.at).slice(0, 60)
    for (const [key, value] of Object.entries(gauges(seen))) {
      const isTaken = Object.hasOwn(out, key) || (index > 0 && !key.includes('/'))
      out[isTaken ? (key.includes('/') ? `${key} (${name})` : `${key}/${name}`) : key] = value
    }
  }
  return out
}
const nameOf = (chassis: Fields): string | undefined => label(chassis['Name'], 60)

const distinct = (resources: readonly ObservationInput[]): ObservationInput[] => [
  ...new Map(resources.map((one) => [`${one.kind}\n${one.external_id}`, one])).values(),
]
const distinctEvents = (events: readonly EventFact[]): Collected[] => [
  ...new Map(events.map((one) => [`${one.resource.external_id}\n${one.seen_at_ms}\n${one.change}`, one])).values(),
]
