/** The connector on the very machine that runs the test. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { Manifest, METRICS, Observation, Readings, type Surroundings } from '../contract.ts'
import { connector } from './index.ts'

function surroundings(kept: { value: unknown } = { value: undefined }): Surroundings {
  return {
    realm: 'here',
    interval_ms: 10_000,
    emit: () => {},
    memory: { get: async () => kept.value, set: async (value) => void (kept.value = value) },
    now: Date.now,
    log: (level, message, fields) => expect.fail(`${level} ${message} ${JSON.stringify(fields)}`),
  }
}
const never = new AbortController().signal

test('the manifest is valid and names metrics of the contract', () => {
  const { metrics } = Manifest.parse(connector.manifest)
  for (const metric of metrics) expect(METRICS).toHaveProperty(metric)
})

test('a tick lists this machine under its host name and reads what the kernel says now', async () => {
  const session = await connector.open({}, surroundings())
  const [listing, readings] = await session.collect(never)
  await session.close()
  if (listing?.type !== 'listing' || readings?.type !== 'readings') throw new Error('a listing, then readings')
  const [host] = listing.resources.map((resource) => Observation.parse(resource))
  expect(host).toMatchObject({ kind: 'host', name: hostname(), state: 'running' })
  const source = '019aa000-0000-7000-8000-000000000001'
  const { counters, gauges, epoch } = Readings.parse({ source, interval_ms: 10_000, ...readings })
  const idle = readFileSync('/proc/stat', 'utf8').split(/\s+/)[4] ?? ''
  expect(Number(counters['cpu_time_ns/idle'])).toBeLessThanOrEqual(Number(idle) * 1e7)
  expect(gauges.memory_total_bytes).toBe(host?.size.memory_bytes)
  expect(epoch?.id).toBe(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim())
}, 40_000)

test('a second tick describes the machine in the same words, with counters that did not fall', async () => {
  const session = await connector.open({}, surroundings())
  const ticks = [await session.collect(never), await session.collect(never)]
  await session.close()
  const [first, second] = ticks.map((facts) => facts.find((fact) => fact.type === 'readings')?.counters ?? {})
  const [before, after] = ticks.map((facts) => facts.find((fact) => fact.type === 'listing')?.resources)
  expect(after).toEqual(before)
  expect(Object.keys(first ?? {}).length).toBeGreaterThan(8)
  for (const [key, value] of Object.entries(first ?? {}))
    expect({ key, fell: BigInt(String(second?.[key])) < BigInt(String(value)) }).toEqual({ key, fell: false })
}, 40_000)

test('settings that the connector does not know are refused with a remedy', async () => {
  for (const settings of [{ exclude: [] }, { exclude_mounts: '/' }, { exclude_mounts: [''] }])
    await expect(connector.open(settings, surroundings())).rejects.toMatchObject({ code: 'bad_settings' })
})

test('a mount point that is excluded has no gauges', async () => {
  const session = await connector.open({ exclude_mounts: ['/', '/**'] }, surroundings())
  const facts = await session.collect(never)
  await session.close()
  expect(JSON.stringify(facts)).not.toContain('filesystem_size_bytes')
}, 40_000)
