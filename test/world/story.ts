/** What really happens in a seed's fleet: births, resizes, moves, stops, resets, ends. Pure: seed and days in, lives out. */
import type { SizeName, State } from '#connectors/contract.ts'
import { type Body, flowed, Life } from './life.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, type Plan, WITHIN } from './plan.ts'
import type { Random } from './random.ts'
import type { Instant, MachineKey, Stretch } from './truth.ts'

const GIB = 2 ** 30
const GUESTS = 36
/** Guests in which an agent runs too; they are never stopped, only rebooted, moved and resized. */
const SEEN_FROM_INSIDE = 6
/** How many of them a Kubernetes cluster has as a node besides: a third eye. */
const SEEN_AS_NODE = 2
const APART_MS = 2 * MINUTE_MS

export interface Story {
  bodies: Body[]
  /** key of a guest → keys of what is seen from inside: the host that its agent reports, the node that its cluster reports */
  inside: Map<MachineKey, MachineKey[]>
}

export function storyOf(plan: Plan): Story {
  const bodies: Body[] = plan.hosts.map((host) => hypervisor(plan, host.realm, host.name))
  const inside: Story['inside'] = new Map()
  for (let n = 1; n <= GUESTS; n += 1) {
    const random = plan.random.of(`guest ${n}`)
    const calling = callingOf(n)
    const guest = guestLife(plan, random, n, calling)
    bodies.push(...guest)
    const [first] = guest
    if (calling !== 'inside' || !first) continue
    const seen = [insideOf(first, 'host'), ...(n <= SEEN_AS_NODE ? [insideOf(first, 'node')] : [])]
    bodies.push(...seen)
    inside.set(
      first.key,
      seen.map(({ key }) => key),
    )
  }
  for (const body of bodies) addFlows(body, plan, plan.random.of(`flow ${body.key}`))
  for (const body of bodies) placeWraps(body, plan)
  return { bodies, inside }
}

/** What a guest is there to show, beside what chance brings. */
type Calling = 'inside' | 'wraps32' | 'wraps64' | 'reborn' | 'mortal' | 'any'
function callingOf(n: number): Calling {
  if (n <= SEEN_FROM_INSIDE) return 'inside'
  if (n === SEEN_FROM_INSIDE + 1) return 'wraps32'
  if (n === SEEN_FROM_INSIDE + 2) return 'wraps64'
  if (n <= SEEN_FROM_INSIDE + 6) return 'reborn'
  return n <= SEEN_FROM_INSIDE + 11 ? 'mortal' : 'any'
}

function hypervisor(plan: Plan, realm: string, name: string): Body {
  const first = stretch(plan.start - 30 * DAY_MS, name, 'running', { vcpu_count: 64, memory_bytes: 512 * GIB })
  const life = new Life(identity(realm, 'host', name, '', null), first)
  life.count(first.from)
  return life.body
}

const stretch = (from: Instant, host: string, state: State, size: Stretch['size']): Stretch => ({
  from,
  to: null,
  host,
  state,
  size,
})

const identity = (
  realm: string,
  kind: 'host' | 'vm' | 'node',
  external_id: string,
  incarnation: string,
  smbios_uuid: string | null,
) => ({
  key: [realm, kind, external_id, incarnation].join('|'),
  realm,
  kind,
  external_id,
  incarnation,
  name: external_id,
  smbios_uuid,
})

/** The machine that an agent or a cluster within a guest sees: the guest's boots, but not its moves. */
function insideOf(guest: Body, kind: 'host' | 'node'): Body {
  const id = `${WITHIN[kind]}${guest.external_id}`
  const life = guest.life.filter(({ size }, index) => index === 0 || guest.life[index - 1]?.size !== size)
  return {
    ...identity(id, kind, id, '', guest.smbios_uuid),
    life: life.map(({ from, size, state }, index) => ({
      ...stretch(from, id, state, { ...size, disk_bytes: 0 }),
      to: life[index + 1]?.from ?? null,
    })),
    flows: {},
    epochs: boots(guest),
  }
}

/** A move makes a new process outside; inside, the boot goes on. */
function boots(guest: Body): Body['epochs'] {
  const moves = new Set(guest.life.flatMap(({ host, from }, i) => (guest.life[i - 1]?.host === host ? [] : [from])))
  const [first, ...rest] = guest.epochs
  const begun = first ? [first, ...rest.filter(({ from }) => !moves.has(from))] : []
  return begun.map((epoch, index) => ({
    ...epoch,
    id: `boot-${index + 1}-${guest.external_id}`,
    to: begun[index + 1]?.from ?? null,
    origin_known: true,
    falls: [],
  }))
}

/** A guest, and the one that takes its id after its end where it is called to that. */
function guestLife(plan: Plan, random: Random, n: number, calling: Calling): Body[] {
  const { realm } = plan.hosts[n % plan.hosts.length] ?? { realm: '' }
  const name = `${random.pick(['web', 'db', 'app', 'ci', 'mail'])}-${n}`
  const isOld = calling === 'wraps32' || calling === 'wraps64' || random.onceIn(2)
  const born = isOld ? plan.start - random.int(HOUR_MS, 9 * DAY_MS) : instant(plan, random, 0, 0.3)
  const dies = calling === 'reborn' || calling === 'mortal' ? instant(plan, random, 0.5, 0.7) : null
  const first = oneLife(plan, random.of('first'), { realm, name, incarnation: '1', calling, born, dies })
  if (calling !== 'reborn' || dies === null) return [first]
  const again = dies + random.int(20 * MINUTE_MS, 3 * HOUR_MS)
  const second = { realm, name, incarnation: '2', calling, born: again, dies: null }
  return [first, oneLife(plan, random.of('second'), second)]
}

/** An instant between two parts of the world's time, to the millisecond. */
const instant = ({ start, end }: Plan, random: Random, least: number, most: number): Instant =>
  start + random.int(Math.round((end - start) * least), Math.round((end - start) * most))

interface Guest {
  realm: string
  name: string
  incarnation: string
  calling: Calling
  born: Instant
  dies: Instant | null
}

function oneLife(plan: Plan, random: Random, guest: Guest): Body {
  const { realm, name, incarnation, calling, born, dies } = guest
  const hosts = plan.hosts.filter((host) => host.realm === realm).map((host) => host.name)
  const life = new Life(
    identity(realm, 'vm', name, incarnation, random.uuid()),
    stretch(born, random.pick(hosts), 'running', sizeOf(random)),
  )
  const counting = wrapping(calling, random)
  life.count(born, counting())
  for (const at of moments(plan, random, Math.max(born, plan.start), dies ?? plan.end))
    act(life, at, random, hosts, calling, counting)
  if (dies !== null) life.end(dies)
  return life.body
}

const wrapping = (calling: Calling, random: Random) => () => {
  if (calling === 'wraps32') return { wrap_bits: 32 as const, origin_known: false }
  if (calling === 'wraps64') return { wrap_bits: 64 as const, origin_known: false }
  return { origin_known: !random.onceIn(5) }
}

/** When something happens to it: some times a life, never twice within two minutes. */
function moments(plan: Plan, random: Random, from: Instant, to: Instant): Instant[] {
  const share = (to - from) / (plan.end - plan.start)
  const drawn = Array.from({ length: Math.ceil(share * random.int(8, 11)) }, () => random.int(from, to))
  const apart: Instant[] = []
  for (const at of drawn.toSorted((a, b) => a - b))
    if (at - (apart.at(-1) ?? from) > APART_MS && to - at > APART_MS) apart.push(at)
  return apart
}

const sizeOf = (random: Random): Partial<Record<SizeName, number>> => ({
  vcpu_count: random.int(1, 16),
  memory_bytes: random.int(1, 64) * GIB,
  disk_bytes: random.int(5, 500) * GIB,
})

type Act = 'resize' | 'stop' | 'start' | 'pause' | 'resume' | 'move' | 'reboot' | 'fall'
const ACTS: Record<'running' | 'stopped' | 'paused', readonly Act[]> = {
  running: ['resize', 'resize', 'stop', 'pause', 'move', 'move', 'reboot', 'fall'],
  stopped: ['start', 'start', 'start', 'resize', 'move'],
  paused: ['resume', 'resume', 'resume', 'stop'],
}
/** What happens to guests that an agent within follows, and to those whose counters are to reach their end. */
const STEADY: readonly Act[] = ['resize', 'resize', 'move', 'reboot']
const UNTOUCHED: readonly Act[] = ['resize']

function actsOf(calling: Calling, state: State): readonly Act[] {
  if (calling === 'inside') return STEADY
  if (calling === 'wraps32' || calling === 'wraps64') return UNTOUCHED
  return ACTS[state as keyof typeof ACTS]
}

function act(
  life: Life,
  at: Instant,
  random: Random,
  hosts: readonly string[],
  calling: Calling,
  counting: () => Parameters<Life['count']>[1],
): void {
  switch (random.pick(actsOf(calling, life.last.state))) {
    case 'resize':
      return life.change(at, { size: { ...life.last.size, ...grown(random) } })
    case 'stop':
      life.stopCounting(at)
      return life.change(at, { state: 'stopped' })
    case 'start':
      life.count(at, counting())
      return life.change(at, { state: 'running' })
    case 'pause':
      return life.change(at, { state: 'paused' })
    case 'resume':
      return life.change(at, { state: 'running' })
    case 'move':
      if (life.last.state === 'running') life.count(at, counting())
      return life.change(at, { host: random.pick(hosts.filter((host) => host !== life.last.host)) })
    case 'reboot':
      return life.count(at, counting())
    case 'fall':
      life.body.epochs.at(-1)?.falls.push(at)
  }
}

const grown = (random: Random): Stretch['size'] => {
  const { vcpu_count, memory_bytes, disk_bytes } = sizeOf(random)
  return random.pick([
    { vcpu_count },
    { memory_bytes },
    { disk_bytes },
    { vcpu_count, memory_bytes },
  ]) as Stretch['size']
}

/** Counters of each kind with the most that flows a second. */
const FLOWS: Record<string, Record<string, number>> = {
  vm: { 'network_transmit_bytes/eth0': 60_000, 'disk_write_bytes/vda': 40_000, 'disk_write_bytes/vdb': 9_000 },
  host: { 'network_transmit_bytes/eth0': 90_000, 'cpu_time_ns/user': 3_000_000, 'cpu_time_ns/idle': 900_000_000 },
  node: { 'network_transmit_bytes/eth0': 90_000 },
}

function addFlows(body: Body, plan: Plan, random: Random): void {
  for (const [key, most] of Object.entries(FLOWS[body.kind] ?? {})) {
    const flows: Body['flows'][string][number][] = []
    for (const part of body.life.filter(({ state }) => state === 'running'))
      for (let from = part.from; from < (part.to ?? plan.end);) {
        const to = Math.min(from + random.int(HOUR_MS, 30 * HOUR_MS), part.to ?? Infinity)
        flows.push({ from, to, per_second: random.onceIn(6) ? 0 : random.int(1, most) })
        from = to
      }
    body.flows[key] = flows
  }
}

/** Sets the counters of an epoch that wraps so that each does, at about the middle of the world. */
function placeWraps(body: Body, { start, end }: Plan): void {
  for (const epoch of body.epochs) {
    if (epoch.wrap_bits === null) continue
    const middle = Math.max(epoch.from, Math.round((start + end) / 2))
    const size = 2n ** BigInt(epoch.wrap_bits)
    for (const key of Object.keys(body.flows)) epoch.base[key] = size - (flowed(body, key, epoch.from, middle) % size)
  }
}

/** Births, ends, changes, boots and resets that fall into the world's time. */
export const factsOf = (bodies: readonly Body[], { start, end }: Plan): number =>
  bodies
    .flatMap((body) => [
      ...body.life.flatMap(({ from, to }, index) => (index === body.life.length - 1 && to ? [from, to] : [from])),
      ...body.epochs.flatMap((epoch) => epoch.falls),
      ...body.epochs.flatMap((epoch) => (body.life.some(({ from }) => from === epoch.from) ? [] : [epoch.from])),
    ])
    .filter((at) => at >= start && at < end).length
