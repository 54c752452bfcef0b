/** What ipmitool prints → hosts, components and gauges. Pure. */
import type { Content, ObservationInput } from '#connectors/contract.ts'
import { ownMac, ownUuid, said } from '#connectors/firmware.ts'
import { defined, type Part } from '#connectors/parts.ts'

export type Gauges = Record<string, number>

/** `Name : value` of ipmitool's tables. */
export function row(text: string, name: string): string | undefined {
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0 && line.slice(0, colon).trim() === name) return line.slice(colon + 1).trim() || undefined
  }
  return undefined
}

/** `chassis status` → on or off. */
export function powerState(text: string): Content['state'] {
  const power = row(text, 'System Power')
  return power === 'on' ? 'running' : power === 'off' ? 'stopped' : 'unknown'
}

/** Which threshold a sensor is past: lower or upper, non-critical, critical, non-recoverable. */
export const LEVELS = ['ok', 'lnc', 'lcr', 'lnr', 'unc', 'ucr', 'unr'] as const
export type Level = (typeof LEVELS)[number]

export interface Sensor {
  /** as people call it; the second of a name has a number */
  key: string
  name: string
  /** null: it doesn't measure now */
  value: number | null
  unit: string
  /** null: it can't be told */
  level: Level | null
}

const STATES = /^(ok|nc|cr|nr|lnc|lcr|lnr|unc|ucr|unr|ns|na)$/
const VALUES = /^(-?\d{1,15}(\.\d{1,9})?|na|ns|no reading|disabled|not readable|)$/i

/** `-c sdr elist` and `-c sensor`: name, reading, unit, state, and (sensor) the thresholds lnr lcr lnc unc ucr unr. */
export function parseSensors(text: string): Sensor[] {
  const counts = new Map<string, number>()
  return text.split('\n').flatMap((line) => {
    const parts = line.length < 1_000 ? line.split(',').map((one) => one.trim()) : []
    // a comma may be in the name
    const at = parts.findIndex(
      (one, index) => index > 0 && index < 3 && VALUES.test(one) && STATES.test(parts[index + 2] ?? ''),
    )
    const name = said(parts.slice(0, Math.max(at, 0)).join(', '), 100)
    if (name === undefined) return []
    const [value = '', unit = '', state = '', ...thresholds] = parts.slice(at)
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    const number = /^-?\d/.test(value) ? Number(value) : null
    return {
      key: count === 1 ? name : `${name} #${count}`,
      name,
      value: number,
      unit,
      level: levelOf(state, number, thresholds),
    }
  })
}

/** `sensor` says how bad it is, but not on which side. */
function levelOf(state: string, value: number | null, thresholds: readonly string[]): Level | null {
  const known = LEVELS.find((level) => level === state)
  if (known !== undefined) return known
  if (value === null || !/^(nc|cr|nr)$/.test(state)) return null
  const [lower, upper] = { nc: [2, 3], cr: [1, 4], nr: [0, 5] }[state as 'nc' | 'cr' | 'nr'] as [number, number]
  const at = (index: number) => Number.parseFloat(thresholds[index] ?? '')
  if (value >= at(upper)) return `u${state as 'nc' | 'cr' | 'nr'}`
  if (value <= at(lower)) return `l${state as 'nc' | 'cr' | 'nr'}`
  return null
}

const METRICS: readonly [RegExp, string][] = [
  [/^degrees C$/i, 'temperature_celsius'],
  [/^RPM$/i, 'fan_speed_rpm'],
  [/^Volts$/i, 'voltage_volts'],
  [/^Amps$/i, 'current_amperes'],
  [/^Watts$/i, 'power_watts'],
]
export const metricsOf = (): string[] => METRICS.map(([, metric]) => metric)

export function gauges(sensors: readonly Sensor[], dcmi: string): Gauges {
  const out: Gauges = {}
  const watts = /Instantaneous power reading\s*:\s*(\d{1,6})\s*Watts/i.exec(dcmi)?.[1]
  // a machine that draws nothing has no meter
  if (watts !== undefined && Number(watts) > 0) out['power_watts'] = Number(watts)
  for (const { key, value, unit } of sensors) {
    const metric = METRICS.find(([pattern]) => pattern.test(unit))?.[1]
    if (metric !== undefined && value !== null) out[`${metric}/${key}`] = value
  }
  return out
}

/**
 * Sixteen bytes of Get System GUID → the UUID as SMBIOS shows it. IPMI sends it last byte first, most BMCs send the bytes of SMBIOS
 * (its first three fields little-endian), some those of RFC 9562: the order is the one in which they are a UUID.
 */
export function guid(raw: string): string | undefined {
  const bytes = raw.match(/\b[0-9a-f]{2}\b/gi)?.slice(-16) ?? []
  if (bytes.length !== 16) return undefined
  const order = (indexes: readonly number[]) => indexes.map((index) => bytes[index] ?? '').join('')
  const straight = [...bytes.keys()]
  const orders = [[3, 2, 1, 0, 5, 4, 7, 6, ...straight.slice(8)], straight, straight.toReversed()].map(order)
  const isUuid = (digits: string) => /^.{12}[1-5].{3}[89ab]/i.test(digits)
  return ownUuid(orders.find(isUuid) ?? orders[0])
}

/** One inventory of `fru print`. */
export interface Fru {
  id: string
  name: string
  fields: Readonly<Record<string, string>>
}
export function parseFrus(text: string): Fru[] {
  return text
    .split(/^FRU Device Description : /m)
    .slice(1)
    .flatMap((block) => {
      const [first = '', ...lines] = block.split('\n')
      const end = first.lastIndexOf('(ID ')
      const id = /^\(ID (\d{1,5})\)/.exec(first.slice(end))?.[1] ?? ''
      const name = first.slice(0, Math.max(end, 0))
      const fields = Object.fromEntries(
        lines.flatMap((line) => {
          const [, key = '', value = ''] = /^ ([A-Za-z][A-Za-z /]{0,40}?)\s*: (.*)$/.exec(line) ?? []
          const clean = said(value)
          return clean === undefined ? [] : [[key, clean] as const]
        }),
      )
      return id === '' || Object.keys(fields).length === 0 ? [] : { id, name: said(name) ?? `FRU ${id}`, fields }
    })
}

export interface Machine {
  id: string
  uuid: string | undefined
  bmc: string
  state: Content['state']
  frus: readonly Fru[]
  /** `mc info` */
  info: string
}

const BUILTIN = '0'
const either = (fru: Fru | undefined, ...names: string[]): string | undefined =>
  names.map((name) => fru?.fields[name]).find((value) => value !== undefined)
/** Where the BMC's own inventory is empty, the machine's is that which knows the chassis. */
const ownOf = (frus: readonly Fru[]): Fru | undefined =>
  frus.find(({ id }) => id === BUILTIN) ?? frus.find((fru) => either(fru, 'Chassis Serial', 'Chassis Part Number'))
export const serialOf = (frus: readonly Fru[]): string | undefined =>
  either(ownOf(frus), 'Product Serial', 'Chassis Serial', 'Board Serial')

export function hostObservation({ id, uuid, bmc, state, frus, info }: Machine): ObservationInput {
  const own = ownOf(frus)
  const serials = ['Product Serial', 'Chassis Serial', 'Board Serial'].flatMap((name) => own?.fields[name] ?? [])
  return {
    kind: 'host',
    external_id: id,
    name: bmc,
    state,
    evidence: { ...(uuid !== undefined && { smbios_uuid: uuid }), serials: [...new Set(serials)].toSorted() },
    attributes: defined({
      manufacturer: either(own, 'Product Manufacturer', 'Board Mfg'),
      model: either(own, 'Product Name', 'Board Product'),
      serial: serialOf(frus),
      part: either(own, 'Product Part Number', 'Board Part Number'),
      asset_tag: either(own, 'Product Asset Tag'),
      bmc: defined({
        address: bmc,
        firmware: said(row(info, 'Firmware Revision')),
        manufacturer: said(row(info, 'Manufacturer Name')),
      }),
    }),
  }
}

/** Names are the maker's own; these are the words that they use. */
const TYPES: readonly [RegExp, string][] = [
  [/\b(psu?\d*|pwr|power ?suppl(y|ies))\b|^PS\d|PSU/i, 'psu'],
  [/dimm|\bmem(ory)?\b/i, 'dimm'],
  [/\b(cpu|proc(essor)?)\s?\d*\b/i, 'cpu'],
  [/nic|\bndc\b|\blom\b|\bocp\b|ethernet|mezz/i, 'nic'],
  [/hdd|ssd|\bdisk|\bdrive/i, 'disk'],
  [/raid|\bhba\b|perc|storage controller/i, 'controller'],
]
export const typeOf = (name: string): string => TYPES.find(([pattern]) => pattern.test(name))?.[1] ?? 'board'

const MIB = 1024 ** 2
/** A memory module has no areas of product or board, but what its own ROM (SPD) says; ipmitool writes its size in either case. */
function memoryBytes(fru: Fru): number | undefined {
  const mib = Number(/^(\d{1,9}) MB$/.exec(either(fru, 'Memory size', 'Memory Size') ?? '')?.[1] ?? 0)
  return mib > 0 ? mib * MIB : undefined
}

/** Parts with an inventory of their own. */
export const partsOf = (frus: readonly Fru[]): Part[] => {
  const own = ownOf(frus)
  return frus
    .filter((fru) => fru !== own)
    .map((fru) => {
      const serial = either(fru, 'Product Serial', 'Board Serial', 'Chassis Serial', 'Serial Number')
      // a network card's is its address, which others write in lower case
      const mac = typeOf(fru.name) === 'nic' && serial?.includes(':') ? ownMac(serial) : undefined
      return {
        type: fru.fields['Memory Type'] === undefined ? typeOf(fru.name) : 'dimm',
        slot: `${fru.id} ${fru.name}`,
        name: fru.name,
        state: 'unknown' as const,
        serial: mac ?? serial,
        attributes: {
          manufacturer: either(fru, 'Product Manufacturer', 'Board Mfg', 'Manufacturer'),
          model: either(fru, 'Product Name', 'Board Product'),
          part: either(fru, 'Product Part Number', 'Board Part Number', 'Part Number'),
          size_bytes: memoryBytes(fru),
          memory_type: either(fru, 'Memory Type'),
          macs: mac === undefined ? undefined : [mac],
        },
      }
    })
}
