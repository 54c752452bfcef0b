/** Series as the API gives them → the four charts of a resource: names are matched, devices added up, gaps kept. */
import type { Series } from '../api.ts'

type Values = (number | null)[]
type OneSeries = Series['series'][number]

/** what a machine says to itself */
const LOOPBACK = 'lo'

const named = (series: readonly OneSeries[], metric: string): OneSeries[] =>
  series.filter((one) => one.metric === metric)

/** Adds at each instant; where any part has a gap, the sum has one. */
export function addValues(all: readonly (readonly (number | null)[])[]): Values {
  const [first] = all
  if (!first) return []
  return first.map((_, index) => {
    let sum = 0
    for (const values of all) {
      const value = values[index]
      if (value === null || value === undefined) return null
      sum += value
    }
    return sum
  })
}

/** The load of all processors, 0 to 1, as the control plane derives it from processor time. */
export function cpuLoad(series: readonly OneSeries[]): Values | null {
  const [load] = named(series, 'cpu_load')
  return load ? [...load.values] : null
}

export interface MemorySeries {
  used: Values
  total: Values | null
}
export function memorySeries(series: readonly OneSeries[]): MemorySeries | null {
  const [total] = named(series, 'memory_total_bytes')
  const [available] = named(series, 'memory_available_bytes')
  if (total && available)
    return {
      used: total.values.map((value, index) => {
        const free = available.values[index]
        return value === null || free === null || free === undefined ? null : value - free
      }),
      total: [...total.values],
    }
  const [resident] = named(series, 'memory_rss_bytes')
  const [balloon] = named(series, 'memory_balloon_bytes')
  return resident ? { used: [...resident.values], total: balloon ? [...balloon.values] : null } : null
}

/** The sum over devices of one counter; null where the resource has none. */
export function totalOf(series: readonly OneSeries[], metric: string): Values | null {
  const parts = named(series, metric).filter((one) => one.device !== LOOPBACK)
  return parts.length > 0 ? addValues(parts.map((one) => one.values)) : null
}

export interface Summary {
  mean: number
  max: number
  last: number
}
export function summaryOf(values: readonly (number | null)[]): Summary | null {
  const known = values.filter((value) => value !== null)
  const last = known.at(-1)
  if (last === undefined) return null
  let max = Number.NEGATIVE_INFINITY
  let sum = 0
  for (const value of known) {
    max = Math.max(max, value)
    sum += value
  }
  return { mean: sum / known.length, max, last }
}
