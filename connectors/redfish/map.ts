/** Systems, chassis and their parts → hosts and components. Pure. */
import type { Content, ObservationInput } from '#connectors/contract.ts'
import { ownAddress, ownMac, ownUuid, said } from '#connectors/firmware.ts'
import { defined, type Part } from '#connectors/parts.ts'
import {
  diskBytes,
  firmwareOf,
  isEmptySlot,
  memoryBytes,
  moduleBytes,
  placeOf,
  serviceTag,
  wearPercent,
} from './makers.ts'
import type { Environment, Member, Parts } from './survey.ts'
import {
  type Fields,
  fields,
  health,
  isPresent,
  items,
  label,
  lastPart,
  number,
  path,
  rollup,
  whole,
} from './values.ts'

type Attributes = NonNullable<ObservationInput['attributes']>
type Value = Attributes[string]

/** Machines that run on this one are for its hypervisor to tell. */
export const isMachine = ({ body }: Member): boolean =>
  isPresent(body) && !/^(Virtual|OS|VirtuallyPartitioned)$/.test(String(body['SystemType'] ?? ''))

/** Who a machine is: its SMBIOS UUID, else its serial, else its place. */
export interface Identity {
  id: string
  uuid?: string | undefined
  serial?: string | undefined
}
export function identify({ at, body }: Member, bmc: string, known: Identity | undefined): Identity {
  const uuid = ownUuid(body['UUID'])
  const serial = said(body['SerialNumber'])
  // while a machine is off many BMCs don't know its UUID: it is the same one as long as nothing that they tell differs
  const agrees = (now: string | undefined, before: string | undefined) => !now || !before || now === before
  if (known && agrees(uuid, known.uuid) && agrees(serial, known.serial))
    return { id: known.id, uuid: uuid ?? known.uuid, serial: serial ?? known.serial }
  const maker = label(body['Manufacturer'], 64) ?? 'serial'
  return { id: uuid ?? (serial === undefined ? `${bmc}${at}`.slice(0, 500) : `${maker}/${serial}`), uuid, serial }
}

/** https://redfish.dmtf.org/schemas/v1/Resource.json#/definitions/PowerState; the machine runs until it is off. */
const STATES: Readonly<Record<string, Content['state']>> = {
  On: 'running',
  PoweringOn: 'running',
  PoweringOff: 'running',
  Paused: 'paused',
  Off: 'stopped',
}
export const stateOf = (system: Fields): Content['state'] => {
  const power = system['PowerState']
  return (typeof power === 'string' && Object.hasOwn(STATES, power) ? STATES[power] : undefined) ?? 'unknown'
}

/** Of the modules that the processors use as memory: a GPU's own isn't the machine's, nor is what keeps its contents. */
const modulesBytes = (memory: readonly Member[]): number =>
  memory
    .filter(({ body }) => isPresent(body) && /^(DRAM)?$/i.test(String(body['MemoryType'] ?? '')))
    .filter(({ body }) => !/HBM|GDDR/i.test(String(body['MemoryDeviceType'] ?? '')))
    .reduce((total, { body }) => total + (moduleBytes(body) ?? 0), 0)
function threads(system: Fields, processors: readonly Member[]): number | undefined {
  const summary = whole(fields(system['ProcessorSummary'])['LogicalProcessorCount'])
  if (summary) return summary
  const sum = processors.filter(isCpu).reduce((total, { body }) => total + (whole(body['TotalThreads']) ?? 0), 0)
  return sum > 0 && Number.isSafeInteger(sum) ? sum : undefined
}

export interface Machine {
  identity: Identity
  bmc: string
  system: Member
  /** those that are this machine's alone */
  chassis: readonly Member[]
  managers: readonly Member[]
  parts: Parts
}

export function hostObservation({ identity, bmc, system, chassis, managers, parts }: Machine): ObservationInput {
  const { body } = system
  const name = label(body['HostName']) ?? label(body['Name']) ?? label(body['Id']) ?? identity.id
  const serials = [body, ...chassis.map((one) => one.body)].map((one) => said(one['SerialNumber']))
  serials.push(said(serviceTag(body)))
  const { macs, ips } = addresses(parts)
  const vcpu_count = threads(body, parts.processors)
  const memory_bytes = memoryBytes(body, modulesBytes(parts.memory))
  return {
    kind: 'host',
    external_id: identity.id,
    name,
    state: stateOf(body),
    size: { ...(vcpu_count && { vcpu_count }), ...(memory_bytes && { memory_bytes }) },
    evidence: {
      ...(identity.uuid !== undefined && { smbios_uuid: identity.uuid }),
      serials: unique(serials).slice(0, 256),
      macs: macs.slice(0, 256),
      ips: ips.slice(0, 256),
    },
    attributes: defined<Value>({
      ...description(body),
      serial: said(body['SerialNumber']),
      bios: label(body['BiosVersion']),
      asset_tag: firstOf([body, ...chassis.map((one) => one.body)], (one) => said(one['AssetTag'])),
      processor: said(fields(body['ProcessorSummary'])['Model']),
      location: firstOf(
        chassis.map((one) => one.body),
        placement,
      ),
      bmc: defined<Value>({
        address: bmc,
        firmware: firstOf(
          managers.map((one) => one.body),
          (one) => label(one['FirmwareVersion']),
        ),
      }),
    }),
  }
}

const unique = (values: readonly (string | undefined)[]): string[] =>
  [...new Set(values.filter((value) => value !== undefined))].toSorted()
function firstOf<T>(bodies: readonly Fields[], read: (body: Fields) => T | undefined): T | undefined {
  for (const body of bodies) {
    const found = read(body)
    if (found !== undefined) return found
  }
  return undefined
}

const description = (body: Fields) => ({
  manufacturer: said(body['Manufacturer']) ?? said(body['Vendor']),
  model: said(body['Model']),
  part: said(body['PartNumber']) ?? said(body['SparePartNumber']),
  sku: said(body['SKU']),
  health: health(body),
  // of all that hangs on it
  health_rollup: rollup(body),
})

/** Where it stands: rack, row and unit as somebody wrote them into the BMC. */
function placement(chassis: Fields): Attributes | undefined {
  const location = fields(chassis['Location'])
  const place = fields(location['Placement'])
  const found = defined<Value>({
    site: said(fields(location['PostalAddress'])['City']),
    row: said(place['Row']),
    rack: said(place['Rack']),
    unit: whole(place['RackOffset']),
  })
  return Object.keys(found).length > 0 ? found : undefined
}

/** A VLAN, a bond and the wire to the BMC itself are no cards of the machine. */
const isCard = ({ body }: Member): boolean =>
  !/^Virtual$/i.test(String(body['EthernetInterfaceType'] ?? '')) &&
  fields(body['Links'])['HostInterface'] === undefined
const macOf = (body: Fields): string | undefined => ownMac(body['PermanentMACAddress']) ?? ownMac(body['MACAddress'])

function addresses(parts: Parts): { macs: string[]; ips: string[] } {
  const onAdapters = parts.adapters.flatMap(macsOf)
  const own = parts.interfaces.filter(({ body }) => fields(body['Links'])['HostInterface'] === undefined)
  return {
    macs: unique([...parts.interfaces.filter(isCard).map(({ body }) => macOf(body)), ...onAdapters]),
    ips: unique(
      own.flatMap(({ body }) =>
        [...items(body['IPv4Addresses']), ...items(body['IPv6Addresses'])].map((one) => ownAddress(one['Address'])),
      ),
    ),
  }
}

/** By its functions, else by its ports, as older schemas and HPE's own have them. */
function macsOf({ adapter, functions, ports }: Parts['adapters'][number]): string[] {
  const ofFunctions = unique(functions.map(({ body }) => macOf(fields(body['Ethernet']))))
  if (ofFunctions.length > 0) return ofFunctions
  const ofPorts = ports.flatMap(({ body }) => [
    body['AssociatedNetworkAddresses'],
    fields(body['Ethernet'])['AssociatedMACAddresses'],
  ])
  const own = items(adapter.body['PhysicalPorts']).map((port) => port['MacAddress'])
  return unique([...ofPorts.flat(), ...own].map(ownMac))
}

const part = (type: string, { at, body }: Member, attributes: Part['attributes'] = {}): Part[] => {
  if (!isPresent(body)) return []
  // a drive's `Location` was a list of other words before it became `PhysicalLocation`
  const place = fields(fields(body['PhysicalLocation'] ?? body['Location'])['PartLocation'])
  const locators = [body['DeviceLocator'], body['SocketLocator'], body['Socket'], placeOf(body)]
  const named = [place['ServiceLabel'], ...locators, body['Id'] ?? body['MemberId']]
  const slot = named.map((one) => label(one)).find((one) => one !== undefined) ?? lastPart(at)
  const name = label(body['Name']) ?? slot
  const serial = said(body['SerialNumber'])
  return [{ type, slot, name, state: partState(body), serial, attributes: { ...description(body), ...attributes } }]
}

const isCpu = ({ body }: Member): boolean =>
  isPresent(body) && /^(CPU|Core|Thread)?$/.test(String(body['ProcessorType'] ?? ''))
const cpu = (member: Member): Part[] => {
  const { body } = member
  const type = isCpu(member) ? 'cpu' : /^(GPU|Accelerator)$/.test(String(body['ProcessorType'])) ? 'gpu' : 'accelerator'
  return part(type, member, {
    cores_count: whole(body['TotalCores']),
    threads_count: whole(body['TotalThreads']),
    speed_max_mhz: whole(body['MaxSpeedMHz']),
  })
}
const dimm = (member: Member): Part[] => {
  const { body } = member
  if (isEmptySlot(body)) return []
  return part('dimm', member, {
    size_bytes: moduleBytes(body),
    memory_type: label(body['MemoryDeviceType']) ?? label(body['DIMMType']),
    form_factor: label(body['BaseModuleType']),
    error_correction: label(body['ErrorCorrection']),
  })
}
const disk = (member: Member): Part[] => {
  const { body } = member
  return part('disk', member, {
    size_bytes: diskBytes(body),
    media: label(body['MediaType']),
    protocol: label(body['Protocol']) ?? label(body['InterfaceType']),
    firmware: label(body['Revision']) ?? label(firmwareOf(body)),
    rotation_rpm: whole(body['RotationSpeedRPM'] ?? body['RotationalSpeedRpm']) || undefined,
    wear_percent: wearPercent(body),
    failure_predicted: typeof body['FailurePredicted'] === 'boolean' ? body['FailurePredicted'] : undefined,
  })
}
const simpleDisks = ({ at, body }: Member): Part[] =>
  items(body['Devices']).flatMap((device, index) =>
    part(
      'disk',
      { at: `${at}/${label(device['Name']) ?? index}`, body: device },
      { size_bytes: whole(device['CapacityBytes']) },
    ),
  )
const supply = (member: Member): Part[] =>
  part('psu', member, {
    capacity_watts:
      number(member.body['PowerCapacityWatts']) ?? number(items(member.body['InputRanges'])[0]?.['OutputWattage']),
    firmware: label(member.body['FirmwareVersion']),
  })
/** Before PowerSubsystem the supplies stood in one resource; a member's number is its only slot. */
const oldSupplies = (power: Fields | undefined, at: string): Part[] =>
  items(power?.['PowerSupplies']).flatMap((body, index) => supply({ at: `${at}/${index}`, body }))

function nics(parts: Parts): Part[] {
  const cards = parts.adapters.flatMap((one) => {
    const macs = macsOf(one)
    const found = part('nic', one.adapter, { macs: macs.length > 0 ? macs : undefined })
    return found.map((one) => ({ ...one, serial: one.serial ?? macs[0] }))
  })
  if (cards.length > 0) return cards
  const byMac = new Map<string, Part>()
  for (const member of parts.interfaces.filter(isCard)) {
    const mac = macOf(member.body)
    const [found] = part('nic', member, { macs: mac === undefined ? undefined : [mac] })
    if (mac !== undefined && found && !byMac.has(mac)) byMac.set(mac, { ...found, serial: mac })
  }
  return [...byMac.values()]
}

export const partsOf = (parts: Parts): Part[] => [
  ...parts.processors.flatMap(cpu),
  ...parts.memory.flatMap(dimm),
  ...parts.drives.flatMap(disk),
  ...parts.simple_storage.flatMap(simpleDisks),
  ...parts.controllers.flatMap((one) => part('controller', one, { firmware: label(firmwareOf(one.body)) })),
  ...nics(parts),
]
/** What feeds a machine, or a chassis. */
export const powerParts = ({ chassis, supplies, batteries, power }: Environment): Part[] => [
  ...(supplies.length > 0 ? supplies.flatMap((one) => supply(one.supply)) : oldSupplies(power, `${chassis.at}/Power`)),
  ...batteries.flatMap((one) => part('battery', one)),
]

/** Disabled and offline parts are there, and do nothing. */
function partState(body: Fields): Content['state'] {
  const state = fields(body['Status'])['State']
  if (health(body) === 'critical') return 'failed'
  if (state === undefined || state === null) return 'unknown'
  return /^(Disabled|StandbyOffline|UnavailableOffline)$/.test(String(state)) ? 'stopped' : 'running'
}

/** A chassis that several machines share, or none: what hangs on it is its own. */
export function chassisObservation(chassis: Member, id: string): ObservationInput {
  const { body } = chassis
  const serial = said(body['SerialNumber'])
  return {
    kind: 'component',
    external_id: id,
    name: label(body['Name']) ?? label(body['Id']) ?? lastPart(chassis.at),
    state: partState(body),
    evidence: serial === undefined ? {} : { serials: [serial] },
    attributes: defined<Value>({
      type: 'chassis',
      ...description(body),
      serial,
      chassis_type: label(body['ChassisType']),
      asset_tag: said(body['AssetTag']),
      location: placement(body),
    }),
  }
}
export const chassisId = ({ at, body }: Member, bmc: string): string => {
  const serial = said(body['SerialNumber'])
  return serial === undefined ? `${bmc}${at}`.slice(0, 500) : `chassis/${serial}`
}

/** The path of the one system that a chassis is of: it links to it, or lies within one that does. */
export function systemOf(chassis: Member, all: readonly Member[], depth = 0): string | undefined {
  const links = fields(chassis.body['Links'])
  const linked = [...new Set(items(links['ComputerSystems']).flatMap((link) => path(link) ?? []))]
  if (linked.length > 0) return linked.length === 1 ? linked[0] : undefined
  const holding = path(links['ContainedBy'])
  const outer = all.find(({ at }) => at === holding)
  return outer && depth < 8 ? systemOf(outer, all, depth + 1) : undefined
}
export const isWithin = (inner: Member, outer: Member): boolean =>
  path(fields(inner.body['Links'])['ContainedBy']) === outer.at ||
  items(fields(outer.body['Links'])['Contains']).some((link) => path(link) === inner.at)
