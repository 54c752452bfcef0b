import { expect, test } from 'vitest'
import { addValues, cpuLoad, memorySeries, summaryOf, totalOf } from './series-rules.ts'

const one = (metric: string, device: string | null, values: (number | null)[]) => ({
  metric,
  device,
  unit: 'x',
  values,
})

test('a gap in one part is a gap in the sum, never a zero', () => {
  expect(
    addValues([
      [1, 2, 3],
      [1, null, 1],
    ]),
  ).toEqual([2, null, 4])
})

test('the load is the one that the control plane derived', () => {
  expect(cpuLoad([one('cpu_time_seconds', 'user', [1]), one('cpu_load', null, [0.5])])).toEqual([0.5])
  expect(cpuLoad([])).toBeNull()
})

test('used memory is what is not available', () => {
  const series = [one('memory_total_bytes', null, [8, 8]), one('memory_available_bytes', null, [3, null])]
  expect(memorySeries(series)).toEqual({ used: [5, null], total: [8, 8] })
  expect(memorySeries([one('memory_rss_bytes', null, [2])])).toEqual({ used: [2], total: null })
})

test('the loop-back interface is no network traffic', () => {
  const series = [one('network_receive_bytes', 'lo', [9]), one('network_receive_bytes', 'eth0', [1])]
  expect(totalOf(series, 'network_receive_bytes')).toEqual([1])
  expect(totalOf(series, 'disk_read_bytes')).toBeNull()
})

test('a summary leaves gaps out', () => {
  expect(summaryOf([null, 1, 3, null])).toEqual({ mean: 2, max: 3, last: 3 })
  expect(summaryOf([null])).toBeNull()
})
