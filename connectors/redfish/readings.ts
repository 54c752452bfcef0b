/** What a chassis measures → gauges, and the energy that it counted. Pure. */
import type { Environment, Member } from './survey.ts'
import {
  type Fields,
  fields,
  type Gauges,
  instant,
  isMeasuring,
  items,
  label,
  lastPart,
  number,
  path,
  scaled,
} from './values.ts'

/** A count of energy: as its source has it, and since when. */
export interface Energy {
  /** '' is the whole chassis */
  supply: string
  joules: bigint
  /** which of its numbers it was: another one is another count */
  of: string
  /** when the BMC says that it was zero, by the BMC's clock */
  reset_ms: number | undefined
}

interface Kind {
  metric: string
  type: RegExp
  /** UCUM codes (DSP2046) and what vendors write instead */
  units: RegExp
}
const KINDS: readonly Kind[] = [
  { metric: 'temperature_celsius', type: /^Temperature$/, units: /^(Cel|C|Celsius|degrees C)$/i },
  { metric: 'fan_speed_rpm', type: /^Rotational$/, units: /^(RPM|\{rev\}\/min|rev\/min)$/i },
  { metric: 'voltage_volts', type: /^Voltage$/, units: /^(V|Volts?)$/i },
  { metric: 'current_amperes', type: /^Current$/, units: /^(A|Amps?|Amperes?)$/i },
  { metric: 'power_watts', type: /^Power$/, units: /^(W|Watts?)$/i },
]

/** Names are for people and not always told apart: the second of a name has its id as well. */
class Named {
  readonly gauges: Gauges = {}
  set(metric: string, name: string | undefined, id: string, value: unknown): void {
    const found = number(value)
    if (found === undefined) return
    const key = `${metric}/${(name ?? label(id) ?? 'unnamed').slice(0, 80).toWellFormed()}`
    this.gauges[Object.hasOwn(this.gauges, key) ? `${key} (${label(id, 60) ?? ''})` : key] = found
  }
  has(metric: string): boolean {
    return Object.keys(this.gauges).some((key) => key === metric || key.startsWith(`${metric}/`))
  }
}

const excerpt = (holder: Fields | undefined, name: string): Fields => fields(holder?.[name])

function kindOf({ body }: Member): Kind | undefined {
  const units = typeof body['ReadingUnits'] === 'string' ? body['ReadingUnits'] : ''
  const type = typeof body['ReadingType'] === 'string' ? body['ReadingType'] : ''
  const found = KINDS.find((kind) => (type === '' ? kind.units.test(units) : kind.type.test(type)))
  // a reading in another unit than the kind's own would be a wrong number
  return found && (units === '' || found.units.test(units)) ? found : undefined
}

function fromSensors(named: Named, sensors: readonly Member[], skip: (kind: Kind) => boolean): void {
  for (const sensor of sensors) {
    const kind = kindOf(sensor)
    if (kind === undefined || skip(kind) || !isMeasuring(sensor.body)) continue
    named.set(kind.metric, label(sensor.body['Name']), lastPart(sensor.at), sensor.body['Reading'])
  }
}

function fromFans(named: Named, { fans, metrics }: Environment): void {
  for (const { at, body } of fans)
    if (isMeasuring(body))
      named.set('fan_speed_rpm', label(body['Name']), lastPart(at), excerpt(body, 'SpeedPercent')['SpeedRPM'])
  if (named.has('fan_speed_rpm')) return
  for (const [index, fan] of items(metrics?.['FanSpeedsPercent']).entries())
    named.set('fan_speed_rpm', label(fan['DeviceName']), String(index), fan['SpeedRPM'])
}

/** Thermal and Power, the schemas before 2020.4: only for what the new ones don't show. */
function fromOld(named: Named, { thermal, power }: Environment): void {
  const all = (metric: string, list: unknown, value: (one: Fields) => unknown) => {
    if (named.has(metric)) return
    for (const [index, one] of items(list).entries())
      if (isMeasuring(one))
        named.set(metric, label(one['Name'] ?? one['FanName']), label(one['MemberId']) ?? String(index), value(one))
  }
  all('temperature_celsius', thermal?.['Temperatures'], (one) => one['ReadingCelsius'])
  all('fan_speed_rpm', thermal?.['Fans'], (one) =>
    /^(RPM)?$/i.test(String(one['ReadingUnits'] ?? '')) ? (one['Reading'] ?? one['ReadingRPM']) : undefined,
  )
  all('voltage_volts', power?.['Voltages'], (one) => one['ReadingVolts'])
}
/** What the supplies of the old schema take in. What they give out isn't what is drawn. */
function fromOldSupplies(named: Named, { power, supplies }: Environment): void {
  if (supplies.length > 0) return
  for (const [index, one] of items(power?.['PowerSupplies']).entries()) {
    if (!isMeasuring(one)) continue
    const [name, id] = [label(one['Name']), label(one['MemberId']) ?? String(index)]
    named.set('power_watts', name, id, one['PowerInputWatts'])
    named.set('voltage_volts', name, id, one['LineInputVoltage'])
  }
}

/** What the chassis draws as a whole; its supplies' own are beside it. */
function power(named: Named, { metrics, power: old, supplies }: Environment): void {
  const [first, ...others] = items(old?.['PowerControl'])
  const total = number(excerpt(metrics, 'PowerWatts')['Reading']) ?? number(first?.['PowerConsumedWatts'])
  if (total !== undefined) named.gauges['power_watts'] = total
  for (const [index, one] of others.entries())
    named.set('power_watts', label(one['Name']), label(one['MemberId']) ?? String(index + 1), one['PowerConsumedWatts'])
  for (const { supply, metrics: own } of supplies) {
    const name = label(supply.body['Name'])
    const said = number(excerpt(own, 'InputPowerWatts')['Reading'])
    if (said !== undefined && isMeasuring(supply.body)) named.set('power_watts', name, lastPart(supply.at), said)
  }
}

export function gauges(seen: Environment): Gauges {
  const named = new Named()
  fromFans(named, seen)
  const hasFans = named.has('fan_speed_rpm')
  power(named, seen)
  const hasSupplies = named.has('power_watts') && seen.supplies.some(({ metrics }) => metrics !== undefined)
  const isOfSupply = (sensor: Member) =>
    hasSupplies && sensor.body['PhysicalContext'] === 'PowerSupply' && kindOf(sensor)?.metric === 'power_watts'
  fromSensors(
    named,
    seen.sensors.filter((sensor) => !isOfSupply(sensor)),
    ({ metric }) => hasFans && metric === 'fan_speed_rpm',
  )
  if (!named.has('temperature_celsius'))
    for (const [index, one] of items(seen.thermal_metrics?.['TemperatureReadingsCelsius']).entries())
      named.set('temperature_celsius', label(one['DeviceName']), String(index), one['Reading'])
  fromOld(named, seen)
  fromOldSupplies(named, seen)
  return named.gauges
}

/** Joules in one of each unit in which energy is counted. */
const JOULES = { EnergyJoules: 1n, EnergyWh: 3_600n, EnergykWh: 3_600_000n } as const
const ENERGY_UNITS: Readonly<Record<string, bigint>> = {
  J: 1n,
  'W.h': 3_600n,
  Wh: 3_600n,
  'kW.h': 3_600_000n,
  kWh: 3_600_000n,
}

/** `LifetimeReading` goes on where somebody resets `Reading`. */
function counted(said: Fields, factor: bigint, supply: string, of: string): Energy | undefined {
  const lifetime = number(said['LifetimeReading'])
  const value = lifetime ?? number(said['Reading'])
  const joules = value === undefined ? undefined : scaled(value, factor)
  if (joules === undefined) return undefined
  const reset_ms = lifetime === undefined ? instant(said['SensorResetTime']) : undefined
  return { supply, joules, of: `${of}${lifetime === undefined ? '' : '/lifetime'}`, reset_ms }
}

/** EnvironmentMetrics, PowerSupplyMetrics: an excerpt of a sensor for each unit that they know. */
function inExcerpts(holder: Fields | undefined, supply: string): Energy | undefined {
  for (const [name, factor] of Object.entries(JOULES)) {
    const found = counted(excerpt(holder, name), factor, supply, name)
    if (found) return found
  }
  return undefined
}

function inSensor({ at, body }: Member, supply: string): Energy | undefined {
  const type = String(body['ReadingType'] ?? '')
  const units = ENERGY_UNITS[String(body['ReadingUnits'])]
  const factor = Object.hasOwn(JOULES, type) ? JOULES[type as keyof typeof JOULES] : units
  if (factor === undefined || (units !== undefined && units !== factor) || !isMeasuring(body)) return undefined
  return counted(body, factor, supply, lastPart(at))
}

/** Only what counts: energy is never made of watts. The whole chassis first, then its supplies. */
export function energies(seen: Environment): Energy[] {
  const { metrics, sensors, supplies, chassis } = seen
  const ofWhole = sensors.filter(({ body }) => isWhole(body, chassis))
  const total = inExcerpts(metrics, '') ?? firstOf(ofWhole, (sensor) => inSensor(sensor, ''))
  const each = supplies.flatMap(({ supply, metrics: own }) => {
    const name = (label(supply.body['Name']) ?? lastPart(supply.at)).slice(0, 100).toWellFormed()
    return isMeasuring(supply.body) ? (inExcerpts(own, name) ?? []) : []
  })
  const found = [...(total ? [total] : []), ...each]
  // two supplies of one name would be one counter
  return found.filter((one, index) => found.findIndex((other) => other.supply === one.supply) === index)
}

const isWhole = (body: Fields, chassis: Member): boolean =>
  body['PhysicalContext'] === 'Chassis' ||
  items(body['RelatedItem']).some((link) => path(link) === chassis.at) ||
  (body['PhysicalContext'] == null && /\b(total|chassis|system)\b/i.test(String(body['Name'] ?? '')))

function firstOf<T, R>(all: readonly T[], read: (one: T) => R | undefined): R | undefined {
  for (const one of all) {
    const found = read(one)
    if (found !== undefined) return found
  }
  return undefined
}
