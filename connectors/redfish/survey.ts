/**
 * What to ask a BMC for, and in which order: generators that yield paths and take the answers. Pure, so that a recorded tree
 * is read by the same code as a BMC.
 */
import { ConnectorError } from '#connectors/contract.ts'
import { said } from '#connectors/firmware.ts'
import { ownLink } from './makers.ts'
import { type Fields, fields, items, number, path, whole } from './values.ts'

/** What a BMC answered to a path: its resource, that there is none, or that it can't say now. */
export type Answer =
  { kind: 'resource'; body: Record<string, unknown> } | { kind: 'missing' } | { kind: 'failed'; error: ConnectorError }

export type Ask<T> = Generator<readonly string[], T, readonly Answer[]>

/** A resource with the path under which it was found. */
export interface Member {
  at: string
  body: Fields
}
/** What could not be read: then nothing that is missing may be taken for gone. */
export interface Notes {
  complaints: ConnectorError[]
  /** linked, and answered that it isn't there */
  absent: Set<string>
  /** the service can put members into the answer of their collection */
  expands: boolean
}
export const notes = (): Notes => ({ complaints: [], absent: new Set(), expands: false })

const LIMITS = { pages: 50, members: 5_000 } as const

const broken = (at: string, why: string, remedy = 'Bring the firmware of the BMC up to date, or restart the BMC.') =>
  new ConnectorError('bad_answer', `${at}: ${why}`, remedy)

/** Resources by their links, in order, those that aren't there left out. */
export function* read(links: readonly unknown[], note: Notes): Ask<Member[]> {
  const paths = [...new Set(links.flatMap((link) => path(link) ?? []))]
  if (paths.length === 0) return []
  const answers = yield paths
  return paths.flatMap((at, index) => {
    const answer = answers[index]
    if (answer?.kind === 'resource') return { at, body: answer.body }
    if (answer?.kind === 'failed') note.complaints.push(answer.error)
    else note.absent.add(at)
    return []
  })
}

/** All members of a collection, over all its pages; undefined where there is no such collection. A log may grow meanwhile. */
export function* members(link: unknown, note: Notes, growing = false): Ask<Member[] | undefined> {
  const start = path(link)
  if (start === undefined) return undefined
  const first = yield* pages(start, note)
  if (first === undefined) return note.absent.has(start) ? undefined : []
  const { found, expected, count } = first
  if (expected !== undefined && found.size < expected)
    note.complaints.push(broken(start, `it says that it has ${expected} members, and shows ${found.size}`))
  // what moves to another page while pages are read is missed, or shown though it is gone
  const again = count > 1 && !growing ? yield* pages(start, note) : first
  if ([...found.keys()].join('\n') !== [...(again?.found.keys() ?? [])].join('\n'))
    note.complaints.push(broken(start, 'it changed while its pages were read', 'Nothing: the next tick reads it anew.'))
  return yield* bodies(found, note)
}

interface Pages {
  found: Map<string, Fields | undefined>
  expected: number | undefined
  count: number
}
function* pages(start: string, note: Notes): Ask<Pages | undefined> {
  const out: Pages = { found: new Map(), expected: undefined, count: 0 }
  for (let next: string | undefined = start; next !== undefined; out.count += 1) {
    const body: Fields | undefined = yield* pageOf(next, out.count === 0, note)
    if (body === undefined) {
      if (out.count === 0) return undefined
      note.complaints.push(broken(start, 'a page of it is missing'))
      return out
    }
    if (out.count >= LIMITS.pages || out.found.size > LIMITS.members) {
      note.complaints.push(
        broken(start, `more than ${LIMITS.pages} pages or ${LIMITS.members} members`, 'Report this as a fault.'),
      )
      return out
    }
    out.expected = whole(body['Members@odata.count']) ?? out.expected
    const before = out.found.size
    for (const member of items(body['Members'])) addTo(out.found, member)
    const following = path(body['Members@odata.nextLink'] ?? body['@odata.nextLink'])
    // a service that doesn't understand its own link answers with the first page for ever
    next = out.found.size > before ? following : undefined
  }
  return out
}

function* pageOf(at: string, first: boolean, note: Notes): Ask<Fields | undefined> {
  if (first && note.expands) {
    const [answer] = yield [`${at}?$expand=.($levels=1)`]
    if (answer?.kind === 'resource') return answer.body
  }
  return (yield* read([at], note))[0]?.body
}

function addTo(found: Map<string, Fields | undefined>, member: Fields): void {
  const at = path(member)
  if (at === undefined || found.get(at)) return
  const isWhole = ['Id', 'Name', '@odata.type'].some((name) => name in member)
  found.set(at, isWhole ? member : undefined)
}

/** Members that came as links alone are asked for. */
function* bodies(found: ReadonlyMap<string, Fields | undefined>, note: Notes): Ask<Member[]> {
  const asked = new Map<string, Fields>()
  const links = [...found].flatMap(([at, body]) => (body ? [] : at))
  for (const { at, body } of yield* read(links, note)) asked.set(at, body)
  return [...found].flatMap(([at, inline]) => {
    const body = inline ?? asked.get(at)
    return body ? { at, body } : []
  })
}

/** What each tick begins with. */
export interface Service {
  root: Fields
  systems: Member[]
  chassis: Member[]
  managers: Member[]
}
export function* service(note: Notes): Ask<Service> {
  const [answer] = yield ['/redfish/v1/']
  if (answer?.kind === 'failed') throw answer.error
  if (answer?.kind !== 'resource')
    throw broken(
      '/redfish/v1/',
      'it is not there: this is no Redfish service',
      'Correct the address; old BMCs may know IPMI only.',
    )
  const root = answer.body
  const expand = fields(fields(root['ProtocolFeaturesSupported'])['ExpandQuery'])
  note.expands = expand['NoLinks'] === true || expand['ExpandAll'] === true
  // none of the three has a right to be missing but in a service for something else than servers
  const systems = (yield* members(root['Systems'], note)) ?? []
  const chassis = (yield* members(root['Chassis'], note)) ?? []
  const managers = (yield* members(root['Managers'], note)) ?? []
  return { root, systems, chassis, managers }
}

/** What a chassis measures. */
export interface Environment {
  chassis: Member
  metrics: Fields | undefined
  thermal_metrics: Fields | undefined
  sensors: Member[]
  fans: Member[]
  supplies: { supply: Member; metrics: Fields | undefined }[]
  batteries: Member[]
  /** the schemas before 2020.4 */
  power: Fields | undefined
  thermal: Fields | undefined
  /** a part of it that may count energy could not be read */
  energy_unread: boolean
}
export function* environment(chassis: Member, note: Notes): Ask<Environment> {
  const { body } = chassis
  const before = note.complaints.length
  const one = function* (link: unknown): Ask<Fields | undefined> {
    return (yield* read([link], note))[0]?.body
  }
  const metrics = yield* one(body['EnvironmentMetrics'])
  const thermal_subsystem = yield* one(body['ThermalSubsystem'])
  const power_subsystem = yield* one(body['PowerSubsystem'])
  const sensors = (yield* members(body['Sensors'], note)) ?? []
  const fans = (yield* members(thermal_subsystem?.['Fans'], note)) ?? []
  const thermal_metrics = yield* one(thermal_subsystem?.['ThermalMetrics'])
  const bays = (yield* members(power_subsystem?.['PowerSupplies'], note)) ?? []
  const batteries = (yield* members(power_subsystem?.['Batteries'], note)) ?? []
  const counted = yield* read(
    bays.map((bay) => bay.body['Metrics']),
    note,
  )
  const supplies = bays.map((supply) => ({
    supply,
    metrics: counted.find(({ at }) => at === path(supply.body['Metrics']))?.body,
  }))
  const energy_unread = note.complaints.length > before
  const measures = (types: RegExp) =>
    sensors.some((sensor) => types.test(String(sensor.body['ReadingType'] ?? sensor.body['ReadingUnits'])))
  const isDrawn = number(fields(metrics?.['PowerWatts'])['Reading']) !== undefined
  const needsPower = bays.length === 0 || !isDrawn || !measures(/^(Voltage|V)$/)
  const needsThermal = fans.length === 0 || (thermal_metrics === undefined && !measures(/^(Temperature|Cel)$/))
  return {
    chassis,
    metrics,
    thermal_metrics,
    sensors,
    fans,
    supplies,
    batteries,
    power: needsPower ? yield* one(body['Power']) : undefined,
    thermal: needsThermal ? yield* one(body['Thermal']) : undefined,
    energy_unread,
  }
}

/** What a machine is made of, beside what `environment` shows. */
export interface Parts {
  processors: Member[]
  memory: Member[]
  drives: Member[]
  controllers: Member[]
  /** disks of a machine that knows the simple schema only */
  simple_storage: Member[]
  adapters: { adapter: Member; functions: Member[]; ports: Member[] }[]
  interfaces: Member[]
}
export function* parts(system: Member, chassis: readonly Member[], note: Notes): Ask<Parts> {
  const { body } = system
  const processors = (yield* members(body['Processors'], note)) ?? []
  const memory = (yield* members(body['Memory'], note)) ?? (yield* members(ownLink(body, 'Memory'), note)) ?? []
  const storage = (yield* members(body['Storage'], note)) ?? []
  const controllers: Member[] = []
  for (const one of storage) {
    const found = (yield* members(one.body['Controllers'], note)) ?? []
    controllers.push(...(found.length > 0 ? found : embedded(one)))
  }
  const linked = storage.flatMap((one) => items(one.body['Drives']))
  const drives = new Map((yield* read(linked, note)).map((drive) => [drive.at, drive]))
  for (const one of chassis)
    for (const drive of (yield* members(one.body['Drives'], note)) ?? []) drives.set(drive.at, drive)
  const array = yield* smartArray(body, note)
  for (const one of others(array.drives, [...drives.values()])) drives.set(one.at, one)
  controllers.push(...others(array.controllers, controllers))
  const simple_storage = drives.size === 0 ? ((yield* members(body['SimpleStorage'], note)) ?? []) : []
  const adapters: Parts['adapters'] = []
  for (const one of chassis)
    for (const adapter of (yield* members(one.body['NetworkAdapters'], note)) ?? [])
      adapters.push(yield* card(adapter, note))
  if (adapters.length === 0)
    for (const adapter of (yield* members(ownLink(body, 'NetworkAdapters'), note)) ?? [])
      adapters.push({ adapter, functions: [], ports: [] })
  const interfaces = (yield* members(body['EthernetInterfaces'], note)) ?? []
  return { processors, memory, drives: [...drives.values()], controllers, simple_storage, adapters, interfaces }
}

/** A card by its functions; by its ports where they name no address. */
function* card(adapter: Member, note: Notes): Ask<Parts['adapters'][number]> {
  const functions = (yield* members(adapter.body['NetworkDeviceFunctions'], note)) ?? []
  const isNamed = functions.some(({ body }) => {
    const { PermanentMACAddress, MACAddress } = fields(body['Ethernet'])
    return typeof (PermanentMACAddress ?? MACAddress) === 'string'
  })
  const link = adapter.body['Ports'] ?? adapter.body['NetworkPorts']
  return { adapter, functions, ports: isNamed ? [] : ((yield* members(link, note)) ?? []) }
}

/** HPE's Smart Array controllers and their disks: before 2022 they are in no standard collection. */
function* smartArray(system: Fields, note: Notes): Ask<{ controllers: Member[]; drives: Member[] }> {
  const [storage] = yield* read([ownLink(system, 'SmartStorage')], note)
  const links = fields(storage?.body['Links'])
  const controllers: Member[] = []
  const drives: Member[] = []
  for (const link of [links['ArrayControllers'], links['HostBusAdapters']])
    controllers.push(...((yield* members(link, note)) ?? []))
  for (const { body } of controllers)
    drives.push(...((yield* members(fields(body['Links'])['PhysicalDrives'], note)) ?? []))
  return { controllers, drives }
}
/** Those that the standard collections don't show already. */
export function others(found: readonly Member[], known: readonly Member[]): Member[] {
  const serialOf = ({ body }: Member) => said(body['SerialNumber'])
  const serials = new Set(known.map(serialOf))
  return found.filter((one) => serialOf(one) === undefined || !serials.has(serialOf(one)))
}

/** Before Storage v1.9 its controllers stood within it. */
const embedded = (storage: Member): Member[] =>
  items(storage.body['StorageControllers']).map((body, index) => ({
    at: `${storage.at}#/StorageControllers/${index}`,
    body,
  }))

/** A log with what stands in it. */
export interface Log {
  at: string
  service: Fields
  entries: Member[]
}
const CHATTER =
  /audit|lclog|lifecycle|security|debug|dump|crash|journal|console|post ?codes?|fault ?list|telemetry|cper|hostlogger|\biel\b/i

/** Logs of the hardware; what is written at each sign-in and what is for developers is left alone. */
export function* logs(owner: Member, note: Notes): Ask<Log[]> {
  const services = ((yield* members(owner.body['LogServices'], note)) ?? []).filter(({ at, body }) => {
    const purposes = Array.isArray(body['LogPurposes']) ? body['LogPurposes'] : [body['LogPurpose']]
    const isForOthers = purposes.some((purpose) => /^(Security|Telemetry|Diagnostic)$/.test(String(purpose)))
    return (
      !isForOthers &&
      body['ServiceEnabled'] !== false &&
      !CHATTER.test(`${at.slice(owner.at.length)} ${String(body['Name'])}`)
    )
  })
  const out: Log[] = []
  for (const { at, body } of services) {
    // a log goes on while it is read: what its pages lack is there at the next tick
    const own = notes()
    const entries = yield* members(body['Entries'], own, true)
    const forbidden = own.complaints.find(({ code }) => code === 'refused')
    if (forbidden) note.complaints.push(forbidden)
    if (entries) out.push({ at, service: body, entries })
  }
  return out
}
