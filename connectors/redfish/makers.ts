/** What makers say in words of their own, where the schema had none yet or they read it wrongly. Pure. */
import { type Fields, fields, items, number, whole } from './values.ts'

/** HPE's own links: iLO 4 has its memory there, iLO 4 and 5 the disks of Smart Array controllers and the network cards. */
export function ownLink(system: Fields, name: string): unknown {
  const oem = fields(system['Oem'])
  const { Links, links } = fields(oem['Hpe'] ?? oem['Hp'])
  return fields(Links ?? links)[name]
}

/** NVIDIA shows the board of the GPUs as a system of its own beside the one that it is built into. */
export const isBoard = (at: string): boolean => /\/HGX_Baseboard(_\d+)?$/i.test(at)

const MIB = 1024 ** 2
/** iDRAC 8 says 15625 for 16384: it takes a MiB for a million bytes. No module has such a size. */
export function moduleBytes(module: Fields): number | undefined {
  const mib = whole(module['CapacityMiB']) ?? whole(module['SizeMB'])
  if (mib === undefined || mib === 0) return undefined
  const meant = Math.round((mib * MIB) / 1_000_000 / 1024) * 1024
  const isMillions = mib % 256 !== 0 && Math.abs((mib * MIB) / 1_000_000 - meant) <= 1
  const bytes = (isMillions ? meant : mib) * MIB
  return Number.isSafeInteger(bytes) ? bytes : undefined
}

/** A slot without a module in it, whatever its Status says: one that failed still has a serial. */
export function isEmptySlot(module: Fields): boolean {
  const oem = fields(module['Oem'])
  const said = [module, ...['Hpe', 'Hp', 'ts_fujitsu'].map((name) => fields(oem[name]))].flatMap((one) => [
    one['DIMMStatus'],
    one['SignalStatus'],
  ])
  if (said.some((status) => /^(NotPresent|EmptyOrNotInstalled)$/i.test(String(status)))) return true
  const size = whole(module['CapacityMiB']) ?? whole(module['SizeMB'])
  return size === 0 && !/\w/.test(String(module['SerialNumber'] ?? ''))
}

const GIB = 1024 ** 3
/** iDRAC takes a GiB for a thousand million bytes, and others say nothing: then it is what its modules have. */
export function memoryBytes(system: Fields, modules: number): number | undefined {
  const gib = number(fields(system['MemorySummary'])['TotalSystemMemoryGiB']) ?? 0
  const bytes = Math.round(gib * GIB)
  const isMillions = modules > 0 && Math.abs((bytes * GIB) / 1e9 / modules - 1) < 0.002
  const found = isMillions || bytes <= 0 ? modules : bytes
  return Number.isSafeInteger(found) && found > 0 ? found : undefined
}

/** Smart Array: blocks are exact, MiB are cut, and `CapacityGB` is what the label says. */
export function diskBytes(disk: Fields): number | undefined {
  const [blocks, size] = [whole(disk['CapacityLogicalBlocks']), whole(disk['BlockSizeBytes'])]
  const mib = whole(disk['CapacityMiB'])
  const found = [
    whole(disk['CapacityBytes']),
    blocks && size ? blocks * size : undefined,
    mib === undefined ? undefined : mib * MIB,
  ].find((bytes) => bytes !== undefined)
  return Number.isSafeInteger(found) ? found : undefined
}

/** Of an SSD; HPE tells what is used up, the schema what is left. */
export function wearPercent(disk: Fields): number | undefined {
  const left = number(disk['PredictedMediaLifeLeftPercent'])
  const used = left === undefined ? number(disk['SSDEnduranceUtilizationPercentage']) : 100 - left
  return used !== undefined && used >= 0 && used <= 255 ? Math.round(used) : undefined
}

/** Where a disk is: a text, or a list of texts, before it became `PhysicalLocation`. */
export const placeOf = ({ Location }: Fields): unknown =>
  typeof Location === 'string' ? Location : items(Location)[0]?.['Info']

/** `FirmwareVersion` of HPE's own resources is nested. */
export const firmwareOf = (body: Fields): unknown => {
  const said = body['FirmwareVersion'] ?? body['Firmware']
  return typeof said === 'string' ? said : fields(fields(said)['Current'])['VersionString']
}

/** Dell's service tag, by which everybody knows the machine, is its SKU; its serial is the board's. */
export const serviceTag = (system: Fields): unknown =>
  /^Dell\b/i.test(String(system['Manufacturer'])) ? system['SKU'] : undefined
