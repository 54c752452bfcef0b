/** What dmidecode, lshw and sensors print → parts and gauges. Pure. */
import { ownMac, said } from '#connectors/firmware.ts'
import type { Part } from '#connectors/parts.ts'

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** One structure of SMBIOS: its type (DSP0134) and its texts. */
interface Structure {
  type: number
  texts: Readonly<Record<string, string>>
}
export function structures(text: string): Structure[] {
  return text.split(/^(?=Handle 0x)/m).flatMap((block) => {
    const type = /^Handle 0x[0-9A-F]+, DMI type (\d{1,3}),/i.exec(block)?.[1]
    if (type === undefined) return []
    const texts = block.split(/\r?\n/).flatMap((line) => {
      const [, key = '', value = ''] = /^\t([A-Za-z][^:\t]{0,60}): (.*)$/.exec(line) ?? []
      return key === '' ? [] : [[key, value] as const]
    })
    return [{ type: Number(type), texts: Object.fromEntries(texts) }]
  })
}

const UNITS: Readonly<Record<string, bigint>> = {
  bytes: 1n,
  kB: 1024n,
  MB: 1024n ** 2n,
  GB: 1024n ** 3n,
  TB: 1024n ** 4n,
}
/** dmidecode's MB and GB are powers of two. */
function bytes(value: string | undefined): number | undefined {
  const [, digits = '', unit = ''] = /^(\d{1,9}) (bytes|kB|MB|GB|TB)$/.exec(value ?? '') ?? []
  const found = digits === '' ? 0n : BigInt(digits) * (UNITS[unit] ?? 0n)
  return found > 0n && found <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(found) : undefined
}
const leading = (value: string | undefined): number | undefined => {
  const digits = /^(\d{1,9})\b/.exec(value ?? '')?.[1]
  return digits === undefined || Number(digits) === 0 ? undefined : Number(digits)
}

const PARTS: Readonly<Record<number, (texts: Structure['texts']) => Omit<Part, 'state' | 'name'> | undefined>> = {
  2: (texts) =>
    part('board', texts, said(texts['Location In Chassis']) ?? 'board', { model: said(texts['Product Name']) }),
  3: (texts) =>
    part('chassis', texts, 'chassis', { chassis_type: said(texts['Type']), sku: said(texts['SKU Number']) }),
  4: (texts) =>
    texts['Status']?.startsWith('Unpopulated')
      ? undefined
      : part('cpu', texts, said(texts['Socket Designation']) ?? 'cpu', {
          model: said(texts['Version']),
          cores_count: leading(texts['Core Count']),
          threads_count: leading(texts['Thread Count']),
          speed_max_mhz: leading(texts['Max Speed']),
        }),
  17: (texts) => {
    const size_bytes = bytes(texts['Size'])
    if (size_bytes === undefined) return undefined
    const slot = [texts['Locator'], texts['Bank Locator']].flatMap((one) => said(one, 60) ?? []).join(' / ')
    return part('dimm', texts, slot || 'dimm', {
      size_bytes,
      memory_type: said(texts['Type']),
      form_factor: said(texts['Form Factor']),
      speed_mts: leading(texts['Speed']),
      rank_count: leading(texts['Rank']),
    })
  },
  39: (texts) =>
    /Not Present/i.test(texts['Status'] ?? '')
      ? undefined
      : part('psu', texts, said(texts['Location']) ?? said(texts['Name']) ?? 'psu', {
          model: said(texts['Name']) ?? said(texts['Model Part Number']),
          capacity_watts: leading(texts['Max Power Capacity']),
          part: said(texts['Model Part Number']),
        }),
}
function part(
  type: string,
  texts: Structure['texts'],
  slot: string,
  attributes: Part['attributes'],
): Omit<Part, 'state' | 'name'> {
  return {
    type,
    slot,
    serial: said(texts['Serial Number']),
    attributes: {
      manufacturer: said(texts['Manufacturer']),
      part: said(texts['Part Number']),
      asset_tag: said(texts['Asset Tag']),
      ...attributes,
    },
  }
}

/** `dmidecode`: boards, chassis, processors, memory modules and power supplies that are there. */
export const dmiParts = (text: string): Part[] =>
  structures(text).flatMap(({ type, texts }) => {
    const found = Object.hasOwn(PARTS, type) ? PARTS[type]?.(texts) : undefined
    return found ? [{ ...found, name: found.slot, state: 'running' as const }] : []
  })

/** `lshw -json`: a tree, or a list of what was asked for; as deep as the machine. */
function nodes(value: unknown, depth = 0): Fields[] {
  if (depth > 32) return []
  if (Array.isArray(value)) return value.flatMap((one) => nodes(one, depth + 1))
  return isFields(value) ? [value, ...nodes(value['children'], depth + 1)] : []
}

const STATE = 'running' as const
/** Network cards by the address burnt into them, and accelerators, which firmware doesn't list. */
export function lshwParts(text: string): Part[] {
  const all = nodes(parse(text))
  const seen = new Set<string>()
  return all.flatMap((node): Part[] => {
    const name = said(node['logicalname']) ?? said(node['businfo']) ?? ''
    const attributes = { manufacturer: said(node['vendor']), model: said(node['product']), bus: said(node['businfo']) }
    const mac = node['class'] === 'network' && isHardware(node) ? ownMac(node['serial']) : undefined
    if (mac !== undefined && !seen.has(mac)) {
      seen.add(mac)
      return [{ type: 'nic', slot: name, name, state: STATE, serial: mac, attributes: { ...attributes, macs: [mac] } }]
    }
    const bus = said(node['businfo'])
    if (node['class'] !== 'display' || bus === undefined || attributes.model === undefined) return []
    return [{ type: 'gpu', slot: bus, name: attributes.model, state: STATE, serial: undefined, attributes }]
  })
}
/** A bridge, a bond and a VLAN are on no bus. */
const isHardware = (node: Fields): boolean => typeof node['businfo'] === 'string'

/**
 * lshw before 2.19 sets its objects side by side, with commas too many or too few and what memory modules have in their texts;
 * sensors leaves a comma, or `nan`, where a chip doesn't answer. All else that they say is good.
 */
function parse(text: string): unknown {
  const mended = text
    .replaceAll(/\p{Cc}+/gu, ' ')
    .replaceAll(/([}\]"]) *(?=[{[])/g, '$1,')
    .replaceAll(/: *(-?nan|-?inf)? *(?=[,}])/gi, ': null')
    .replaceAll(/,(?= *[,}\]])/g, '')
    .replace(/^[ ,]+|[ ,]+$/g, '')
  for (const one of [text, mended, `[${mended}]`])
    try {
      return JSON.parse(one)
    } catch {
      continue
    }
  return undefined
}

/** Suffixes of lm-sensors: `temp1_input`. Energy counts one chip alone and isn't the machine's. */
const METRICS: readonly [RegExp, string][] = [
  [/^temp\d+_input$/, 'temperature_celsius'],
  [/^fan\d+_input$/, 'fan_speed_rpm'],
  [/^in\d+_input$/, 'voltage_volts'],
  [/^curr\d+_input$/, 'current_amperes'],
  [/^power\d+_(input|average)$/, 'power_watts'],
]
export const metricsOf = (): string[] => METRICS.map(([, metric]) => metric)

/** `sensors -j`: chips, their features, and of each what it reads now. */
export function gauges(text: string): Record<string, number> {
  const out: Record<string, number> = {}
  const chips = parse(text)
  for (const [chip, features] of isFields(chips) ? Object.entries(chips) : [])
    for (const [feature, values] of isFields(features) ? Object.entries(features) : [])
      for (const [key, value] of isFields(values) ? Object.entries(values) : []) {
        const metric = METRICS.find(([pattern]) => pattern.test(key))?.[1]
        const name = said(`${chip}/${feature}`, 200)
        if (metric !== undefined && name !== undefined && typeof value === 'number' && Number.isFinite(value))
          out[`${metric}/${name}`] ??= value
      }
  return out
}
