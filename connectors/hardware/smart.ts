/** `smartctl -j` of ATA, NVMe, SAS and disks behind RAID controllers → what a disk is and how it is. Pure. */
import { said } from '#connectors/firmware.ts'
import type { Part } from '#connectors/parts.ts'

type Fields = Readonly<Record<string, unknown>>
const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
const items = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fields) : [])
const whole = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined

/** What `--scan-open` names: a path and, behind a controller, the disk's number (`megaraid,7`). */
export interface Device {
  name: string
  type: string
}
export function devices(text: string): Device[] {
  return items(fields(parse(text))['devices']).flatMap(({ name, type, open_error }) => {
    const isName = typeof name === 'string' && !name.includes('..') && /^\/dev\/[\w./-]{1,100}$/.test(name)
    const isType = typeof type === 'string' && /^[\w,.+/-]{1,50}$/.test(type)
    return isName && isType && open_error === undefined ? [{ name, type }] : []
  })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Bits of smartctl's exit status (smartctl(8)): it is a mask, and most of it is no failure to read. These two speak of the disk. */
const EXIT = { failing: 8, prefail: 16 } as const

export interface Smart {
  /** the disk can't be read, and smartctl's words for why */
  unread: string | undefined
  asleep: boolean
  serial: string | undefined
  health: 'ok' | 'warning' | 'critical' | undefined
  temperature_celsius: number | undefined
  /** what stays for months */
  attributes: Part['attributes']
}

/** Any of these comes from the disk itself. */
const TELLING = [
  'model_name',
  'serial_number',
  'product',
  'scsi_product',
  'smart_status',
  'temperature',
  'ata_smart_attributes',
  'nvme_smart_health_information_log',
]

/** `status` is that of the process: older versions don't repeat it within. */
export function smart(text: string, status: number): Smart {
  const told = fields(parse(text))
  const inside = fields(told['smartctl'])
  const mask = status | (whole(inside['exit_status']) ?? 0)
  const messages = items(inside['messages']).flatMap(({ string }) => said(string, 300) ?? [])
  const asleep =
    /STANDBY|SLEEP/i.test(String(fields(told['power_mode'])['ata_string'] ?? '')) ||
    /in (STANDBY|SLEEP)/i.test(messages.join(' '))
  const isRead = TELLING.some((name) => told[name] !== undefined)
  return {
    unread: isRead ? undefined : (messages.join('; ') || 'smartctl told nothing of it').slice(0, 300),
    asleep,
    serial: said(told['serial_number'], 64) ?? said(told['scsi_serial_number'], 64),
    health: healthOf(told, mask),
    temperature_celsius: degrees(told),
    attributes: { ...description(told), ...wear(told) },
  }
}

/** A volume of a RAID says 0: it has no thermometer. A SAS disk may say so too, and tell it in its environmental reports. */
function degrees(told: Fields): number | undefined {
  const reports = fields(told['scsi_environmental_reports'])
  const all = [told['temperature'], reports['temperature_1'], reports['temperature_2']]
  return all
    .map((one) => fields(one)['current'])
    .find((value): value is number => typeof value === 'number' && value > 0 && value < 200)
}

function healthOf(told: Fields, mask: number): Smart['health'] {
  const passed = fields(told['smart_status'])['passed']
  if (passed === false || (mask & EXIT.failing) !== 0) return 'critical'
  const nvme = fields(told['nvme_smart_health_information_log'])
  const { pending_sectors_count, uncorrectable_sectors_count, uncorrected_errors_count } = wear(told)
  // data that could not be read back, whatever the maker's own verdict is
  const lost = [
    nvme['critical_warning'],
    nvme['media_errors'],
    pending_sectors_count,
    uncorrectable_sectors_count,
    uncorrected_errors_count,
  ]
  if (lost.some((count) => (whole(count) ?? 0) > 0) || (mask & EXIT.prefail) !== 0) return 'warning'
  return passed === true ? 'ok' : undefined
}

function description(told: Fields): Part['attributes'] {
  const { naa, oui, id } = fields(told['wwn'])
  const rate = whole(told['rotation_rate'])
  const protocol = said(fields(told['device'])['protocol'], 32)
  const hex = (value: unknown, digits: number) => (whole(value) ?? 0).toString(16).padStart(digits, '0')
  return {
    manufacturer: said(told['vendor']) ?? said(told['scsi_vendor']),
    model: said(told['model_name']) ?? said(told['product']) ?? said(told['scsi_product']),
    family: said(told['model_family']),
    firmware: said(told['firmware_version']) ?? said(told['revision']) ?? said(told['scsi_revision']),
    size_bytes: whole(fields(told['user_capacity'])['bytes']) ?? whole(told['nvme_total_capacity']),
    protocol,
    media: protocol === 'NVMe' || rate === 0 ? 'ssd' : rate === undefined ? undefined : 'hdd',
    rotation_rpm: rate || undefined,
    form_factor: said(fields(told['form_factor'])['name']),
    wwn:
      whole(id) === undefined
        ? /^0x([0-9a-f]{16})$/i.exec(String(told['logical_unit_id']))?.[1]?.toLowerCase()
        : `${hex(naa, 1)}${hex(oui, 6)}${hex(id, 9)}`,
  }
}

/** Numbers that a good disk never changes, and wear, which takes months a step. Hours and bytes count: they belong to no version. */
function wear(told: Fields): Part['attributes'] {
  const table = items(fields(told['ata_smart_attributes'])['table'])
  const raw = (...ids: number[]) => whole(fields(table.find(({ id }) => ids.includes(Number(id)))?.['raw'])['value'])
  const nvme = fields(told['nvme_smart_health_information_log'])
  const failed = table.filter(({ when_failed }) => typeof when_failed === 'string' && /now|past/i.test(when_failed))
  const names = failed.flatMap(({ name }) => said(name, 64) ?? []).slice(0, 30)
  return {
    reallocated_sectors_count: raw(5),
    pending_sectors_count: raw(197),
    uncorrectable_sectors_count: raw(198),
    grown_defects_count: whole(told['scsi_grown_defect_list']),
    uncorrected_errors_count: uncorrected(told),
    media_errors_count: whole(nvme['media_errors']),
    spare_percent: whole(nvme['available_spare']),
    wear_percent:
      whole(nvme['percentage_used']) ??
      whole(fields(told['endurance_used'])['current_percent']) ??
      whole(told['scsi_percentage_used_endurance_indicator']) ??
      wearInTable(table),
    failed_attributes: names.length > 0 ? names : undefined,
  }
}

/** What a SAS disk could neither read, write nor verify. */
function uncorrected(told: Fields): number | undefined {
  const log = fields(told['scsi_error_counter_log'])
  const counts = ['read', 'write', 'verify'].flatMap((way) => whole(fields(log[way])['total_uncorrected_errors']) ?? [])
  return counts.length === 0 ? undefined : counts.reduce((a, b) => a + b)
}

/** How SATA SSDs call the life that is left, in per cent, the plainest first: each maker has its own attribute. */
const LIFE_LEFT = [
  /^(SSD_Life_Left|Remaining_Lifetime_Perc|Percent_Life_Remaining|Perc_Rated_Life_Remain|Lifetime_Left)$/,
  /^(Media_Wearout_Indicator|Percent_Lifetime_Remain)$/,
  /^Wear_Leveling_Count$/,
] as const
/** Some makers leave the value at 100 and have the per cent in the raw number, where others count something else. */
function wearInTable(table: readonly Fields[]): number | undefined {
  for (const [index, names] of LIFE_LEFT.entries()) {
    const found = table.find(({ name }) => typeof name === 'string' && names.test(name))
    const left = whole(found?.['value'])
    if (left === undefined || left > 100) continue
    const raw = index === 0 ? whole(fields(found?.['raw'])['value']) : undefined
    return 100 - (raw !== undefined && raw > 0 && raw < left ? raw : left)
  }
  return undefined
}

/** The disk as a part of its machine; its name may be another one after the next boot, its serial not. */
export function disk({ name, type }: Device, found: Smart): Part {
  const number = /,(\d+)$/.exec(type)?.[1]
  const slot = number === undefined ? name.replace('/dev/', '') : `${name.replace('/dev/', '')} ${type}`
  return {
    type: 'disk',
    slot,
    name: slot,
    state: found.health === 'critical' ? 'failed' : 'running',
    serial: found.serial,
    attributes: { health: found.health, ...found.attributes },
  }
}
