/** Readings as nearly all of them are, told by a look that costs a tenth of what the schema does: pure. */
import { KINDS, type Readings } from '#connectors/contract.ts'

type Fields = Record<string, unknown>
const FIELDS = new Set([
  'type',
  'source',
  'seen_at_ms',
  'resource',
  'interval_ms',
  'metered',
  'epoch',
  'counters',
  'gauges',
])
const RESOURCE_FIELDS = new Set(['kind', 'external_id', 'incarnation'])
const EPOCH_FIELDS = new Set(['id', 'origin_ms', 'wrap_bits'])
const KNOWN_KINDS = new Set<unknown>(KINDS)
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const INSTANT_MAX = 253_402_300_799_999
const INTERVAL_MAX = 86_400_000
const KEY_CHARS = 256

/**
 * The fact, if it surely is one that the schema `Readings` takes as it stands and whose texts can be stored. Null says
 * nothing: the schema decides, and words what is wrong. Narrower than the schema in everything, wider in nothing.
 */
export function plainReadings(raw: unknown): Readings | null {
  if (!isPlain(raw, FIELDS) || raw.type !== 'readings') return null
  const { source, seen_at_ms, resource, interval_ms, metered = true, epoch, counters = {}, gauges = {} } = raw
  const isFact =
    typeof source === 'string' &&
    UUID.test(source) &&
    isWhole(seen_at_ms, 0, INSTANT_MAX) &&
    isWhole(interval_ms, 1, INTERVAL_MAX) &&
    typeof metered === 'boolean' &&
    isEpoch(epoch) &&
    areValues(counters) &&
    areValues(gauges)
  const ref = referenceOf(resource)
  if (!isFact || !ref) return null
  const fact = { type: 'readings', source, seen_at_ms, resource: ref, interval_ms, metered, counters, gauges } as const
  return epoch === undefined ? fact : { ...fact, epoch }
}

const isPlain = (value: unknown, fields: ReadonlySet<string>): value is Fields => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  for (const name in value) if (!fields.has(name)) return false
  return true
}
const isWhole = (value: unknown, least: number, most: number): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
const isStorable = (value: unknown, least: number, most: number): value is string =>
  typeof value === 'string' &&
  value.length >= least &&
  value.length <= most &&
  value.isWellFormed() &&
  !value.includes('\0')

function referenceOf(value: unknown): Readings['resource'] | null {
  if (!isPlain(value, RESOURCE_FIELDS)) return null
  const { kind, external_id, incarnation = '' } = value
  if (!KNOWN_KINDS.has(kind) || !isStorable(external_id, 1, 512) || !isStorable(incarnation, 0, 128)) return null
  return { kind: kind as Readings['resource']['kind'], external_id, incarnation }
}

function isEpoch(value: unknown): value is Readings['epoch'] {
  if (value === undefined) return true
  if (!isPlain(value, EPOCH_FIELDS)) return false
  const { id, origin_ms, wrap_bits } = value
  return (
    isStorable(id, 1, 128) &&
    (origin_ms === undefined || isWhole(origin_ms, 0, INSTANT_MAX)) &&
    (wrap_bits === undefined || wrap_bits === 32 || wrap_bits === 64)
  )
}

/** Numbers and digits by key; whether each is a value of its metric is asked later, reading by reading. */
function areValues(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  for (const [key, item] of Object.entries(value)) {
    if (typeof item !== 'number' && !isStorable(item, 0, KEY_CHARS)) return false
    if (key === '__proto__' || !isStorable(key, 0, KEY_CHARS)) return false
  }
  return true
}
