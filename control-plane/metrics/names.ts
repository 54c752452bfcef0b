/** Published names of metrics: what the API and Prometheus call a reported key, in base units. */
import { type Metric, METRICS, type MetricType } from '#connectors/contract.ts'
import { remembered } from '../base/memo.ts'

export interface PublishedMetric {
  type: MetricType
  unit: Exclude<Metric['unit'], 'ns' | 'us' | 'ms'>
  /** what the device of a key names, where it has one */
  device?: string
  help: string
}

/** Reported time units → how many of them are one second. */
const PER_SECOND = { ns: 1e9, us: 1e6, ms: 1e3 } as const
const isTime = (unit: Metric['unit']): unit is keyof typeof PER_SECOND => unit in PER_SECOND

/** Base units (seconds), and no `_count`: https://prometheus.io/docs/practices/naming/ keeps that ending for histograms. */
const publishedName = (reported: string): string => reported.replace(/_(ns|us|ms)$/, '_seconds').replace(/_count$/, '')

/** Every published metric by its name: that of the API; Prometheus puts `atalaya_` before and, for counters, `_total` behind. */
export const PUBLISHED: ReadonlyMap<string, PublishedMetric> = new Map(
  Object.entries(METRICS).map(([name, { type, unit, device, help }]) => [
    publishedName(name),
    { type, unit: isTime(unit) ? 'seconds' : unit, help, ...(device && { device }) },
  ]),
)

export interface Key {
  metric: string
  device: string | null
}

/** `metric` or `metric/device`; a device may itself hold slashes: the root directory is `metric//`. */
export function parseKey(key: string): Key {
  const slash = key.indexOf('/')
  return slash < 0
    ? { metric: key, device: null }
    : { metric: key.slice(0, slash), device: key.slice(slash + 1) || null }
}

/** Reported names → published ones, and how many of the reported unit are one of the published. */
const PUBLICATION: ReadonlyMap<string, { name: string; per_unit: number }> = new Map(
  Object.entries(METRICS).map(([name, { unit }]) => [
    name,
    { name: publishedName(name), per_unit: isTime(unit) ? PER_SECOND[unit] : 1 },
  ]),
)

const publication = remembered((key) => {
  const slash = key.indexOf('/')
  const metric = slash < 0 ? key : key.slice(0, slash)
  const known = PUBLICATION.get(metric)
  return known ? { key: known.name + key.slice(metric.length), per_unit: known.per_unit } : { key, per_unit: 1 }
})

/**
 * A reported key and value as they are published: `cpu_time_ns/user` 1500000000 → `cpu_time_seconds/user` 1.5.
 * Floating point: for charts and Prometheus. Billing reads the whole numbers of metering instead.
 */
export function publish(key: string, reported: bigint | number): { key: string; value: number } {
  const { key: name, per_unit } = publication(key)
  return { key: name, value: Number(reported) / per_unit }
}

export const compareKeys = (a: Key, b: Key): number =>
  a.metric < b.metric ? -1 : a.metric > b.metric ? 1 : (a.device ?? '') < (b.device ?? '') ? -1 : 1
