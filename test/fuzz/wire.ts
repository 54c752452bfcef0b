/**
 * What the wire allows, said a second time and by hand: plain checks of types, ranges, names, units and instants, so that a hole
 * in the product's schemas shows as a difference. Shares nothing with them but the list of metrics.
 */
import { METRICS } from '#connectors/contract.ts'

const UINT64 = 2n ** 64n
const YEAR_10000_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999)
const DAY_MS = 24 * 60 * 60 * 1_000
const OLDEST_MS = 800 * DAY_MS
const SEQUENCE_MAX = 2 ** 31 - 1
/** JSON may be nested so deep within a fact, its own braces counted */
const DEPTH_MAX = 64

type Check = (value: unknown) => boolean

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const whole =
  (low: number, high: number): Check =>
  (value) =>
    typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high
const text =
  (low: number, high: number): Check =>
  (value) =>
    typeof value === 'string' && value.length >= low && value.length <= high
const oneOf =
  (...words: readonly unknown[]): Check =>
  (value) =>
    words.includes(value)
const list =
  (high: number, item: Check): Check =>
  (value) =>
    Array.isArray(value) && value.length <= high && value.every(item)
const or =
  (...checks: Check[]): Check =>
  (value) =>
    checks.some((check) => check(value))

/** `?` after a name: it may be absent. No other name may be there. */
function shape(fields: Record<string, Check>): Check {
  const known = new Map(Object.entries(fields).map(([name, check]) => [name.replace('?', ''), check]))
  const needed = Object.keys(fields).filter((name) => !name.endsWith('?'))
  return (value) =>
    isObject(value) &&
    needed.every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, item]) => known.get(name)?.(item) === true)
}

const instant = whole(0, YEAR_10000_MS)
const interval = whole(1, DAY_MS)
const bool = oneOf(true, false)
const hash: Check = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
/** RFC 9562: a version from 1 to 8 and its variant, or all zeros, or all ones */
export const isUuid: Check = (value) =>
  typeof value === 'string' &&
  /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$|^0{8}(-0{4}){3}-0{12}$|^f{8}(-f{4}){3}-f{12}$/i.test(
    value,
  )

/** 0 to 2⁶⁴ − 1: a number while a double holds it exactly, else decimal digits */
export const isWhole: Check = (value) =>
  typeof value === 'number'
    ? Number.isSafeInteger(value) && value >= 0
    : typeof value === 'string' &&
      value !== '' &&
      [...value].every((digit) => digit >= '0' && digit <= '9') &&
      (value === '0' || value[0] !== '0') &&
      value.length <= 20 &&
      BigInt(value) < UINT64

const KINDS =
  'site rack host component cluster vm container disk volume storage_pool nic network ip snapshot backup template kubernetes_cluster node namespace workload pod persistent_volume_claim load_balancer bucket s3_user game_server'
const kind = oneOf(...KINDS.split(' '))
const name = text(1, 512)

const finite: Check = (value) => typeof value !== 'number' || Number.isFinite(value)
const json: Check = (value) =>
  typeof value === 'object' && value !== null ? Object.values(value).every(json) : finite(value)

const content = {
  name,
  state: oneOf('running', 'paused', 'stopped', 'failed', 'unknown'),
  'size?': shape({
    'vcpu_count?': isWhole,
    'cpu_millicores?': isWhole,
    'memory_bytes?': isWhole,
    'disk_bytes?': isWhole,
    'ip_count?': isWhole,
  }),
  'host?': or(oneOf(null), name),
  'parent?': shape({ kind, external_id: name }),
  'evidence?': shape({
    'smbios_uuid?': text(1, 64),
    'machine_id?': text(1, 64),
    'serials?': list(256, text(1, 128)),
    'macs?': list(256, text(1, 32)),
    'ips?': list(256, text(1, 64)),
  }),
  'attributes?': ((value) =>
    isObject(value) && Object.entries(value).every(([key, item]) => key.length <= 128 && json(item))) as Check,
}
const ref = { kind, external_id: name, 'incarnation?': text(0, 128) }
const scope = shape({ kind, external_id: name })
const optional = (fields: Record<string, Check>) =>
  Object.fromEntries(Object.entries(fields).map(([key, check]) => [key.endsWith('?') ? key : `${key}?`, check]))

export const isObservation = shape({ ...ref, ...content })
const readingsOf: Check = (value) => isObject(value) && Object.keys(value).every((key) => key.length <= 256)

const base = { source: isUuid, seen_at_ms: instant }
const listing = { ...base, scope, complete: bool, interval_ms: interval, digest: hash }
const FACTS: Readonly<Record<string, Check>> = {
  snapshot: shape({
    ...listing,
    type: oneOf('snapshot'),
    snapshot: isUuid,
    part: whole(0, Number.MAX_SAFE_INTEGER),
    parts: whole(1, 50),
    resources: list(1_000, isObservation),
  }),
  unchanged: shape({ ...listing, type: oneOf('unchanged') }),
  event: shape({
    ...base,
    type: oneOf('event'),
    scope,
    resource: shape(ref),
    change: text(1, 64),
    content: or(oneOf(null), shape(optional(content))),
  }),
  readings: shape({
    ...base,
    type: oneOf('readings'),
    resource: shape(ref),
    interval_ms: interval,
    'metered?': bool,
    'epoch?': shape({ id: text(1, 128), 'origin_ms?': instant, 'wrap_bits?': oneOf(32, 64) }),
    'counters?': readingsOf,
    'gauges?': readingsOf,
  }),
  health: shape({
    ...base,
    type: oneOf('health'),
    ok: bool,
    duration_ms: whole(0, DAY_MS),
    'version?': text(0, 128),
    'error?': shape({ code: text(1, 64), message: text(1, 2_000), remedy: text(1, 2_000) }),
  }),
  gap: shape({
    ...base,
    type: oneOf('gap'),
    from_ms: instant,
    cause: oneOf('spool_overflow', 'spool_damaged', 'agent_down', 'source_down'),
    'first_sequence?': whole(1, SEQUENCE_MAX),
    'last_sequence?': whole(1, SEQUENCE_MAX),
  }),
}

/** No deeper than the bound, looked at without recursion; every text of it whole characters without NUL, no field of a name that is dropped. */
export function isStorable(tree: unknown): boolean {
  let level = [tree]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > DEPTH_MAX || level.some((value) => typeof value === 'string' && !isText(value))) return false
    const holders = level.filter((value): value is object => typeof value === 'object' && value !== null)
    if (
      holders.some(
        (holder) => !Array.isArray(holder) && !Object.keys(holder).every((key) => key !== '__proto__' && isText(key)),
      )
    )
      return false
    level = holders.flatMap((holder) => Object.values(holder) as unknown[])
  }
  return true
}
const isText = (value: string) => value.isWellFormed() && !value.includes('\0')

/** The shape alone: what a connector may say, whenever. */
export const isFact: Check = (raw) =>
  isStorable(raw) &&
  isObject(raw) &&
  typeof raw.type === 'string' &&
  Object.hasOwn(FACTS, raw.type) &&
  FACTS[raw.type]?.(raw) === true

/** Whether a fact may be taken: its shape, its source, that it was seen within 800 days, and that none of its instants is before 1970 or a day ahead. */
export function mayBeTaken(raw: unknown, own: ReadonlySet<string>, now_ms: number, offset_ms: number): boolean {
  if (!isFact(raw) || !isObject(raw) || !own.has(String(raw.source))) return false
  if (Number(raw.seen_at_ms) + offset_ms < now_ms - OLDEST_MS) return false
  const epoch = isObject(raw.epoch) ? raw.epoch.origin_ms : undefined
  return [raw.seen_at_ms, raw.type === 'gap' ? raw.from_ms : undefined, epoch]
    .filter((at) => typeof at === 'number')
    .every((at) => at + offset_ms >= 0 && at + offset_ms <= now_ms + DAY_MS)
}

const BILLED_GAUGES = new Set(['storage_used_bytes', 'cpu_allocated_millicores', 'memory_allocated_bytes'])

/** Whether one reading of a fact may be taken. */
export function mayBeRead(type: 'counter' | 'gauge', key: string, value: unknown): boolean {
  const metric = Object.entries(METRICS).find(([known]) => known === key.split('/')[0])?.[1]
  if (metric?.type !== type) return false
  if (isWhole(value)) return true
  // what is billed is counted in whole units
  return type === 'gauge' && !BILLED_GAUGES.has(key) && typeof value === 'number' && Number.isFinite(value)
}

export const isBatch = shape({
  protocol: whole(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  clock_offset_ms: whole(-Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  boot_id: text(0, 64),
  facts: list(20_000, () => true),
})

/** A greeting that this control plane understands. */
const hello = shape({
  protocol: whole(1, Number.MAX_SAFE_INTEGER),
  oldest_protocol: whole(-Number.MAX_SAFE_INTEGER, 1),
  version: text(1, 64),
  hostname: text(1, 256),
  spool: isUuid,
  first_sequence: whole(1, SEQUENCE_MAX),
  spool_bytes: whole(0, Number.MAX_SAFE_INTEGER),
  sent_at_ms: instant,
  manifests: list(64, () => true),
})
export const isHello: Check = (value) => hello(value) && isStorable(value)

export const isConfig = shape({
  version: whole(0, Number.MAX_SAFE_INTEGER),
  sources: (value) =>
    Array.isArray(value) &&
    value.every(
      shape({
        id: isUuid,
        connector: text(1, 64),
        realm: text(1, 256),
        interval_ms: whole(1_000, DAY_MS),
        settings: (settings) => isObject(settings) && json(settings),
      }),
    ),
})
export const isReply = or(
  shape({
    ok: oneOf(true),
    watermark: whole(0, Number.MAX_SAFE_INTEGER),
    stored_at_ms: instant,
    'unknown_digests?': (value) => Array.isArray(value) && value.every(hash),
    'config?': isConfig,
  }),
  shape({ ok: oneOf(false), code: text(1, 64), message: text(1, 2_000), retry: bool }),
)
