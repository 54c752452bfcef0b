/** The benches run, and their figures are figures: whether they are good is for a machine that does nothing else. */
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

interface Rate {
  ours: number
  theirs: number
  ratio: number
  ratio_min: number
}

/** Runs a bench in its smallest size and reads its last line. */
async function outcome(name: string): Promise<Record<string, unknown>> {
  const command = ['bun', 'test/bench/main.ts', name, '--size', '1']
  const child = Bun.spawn(command, { cwd: root, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [said, complaint] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  // 1: a bar was missed, which a busy machine may well do
  if ((await child.exited) > 1) throw new Error(`The bench ${name} failed: ${complaint}`)
  const last = said.trimEnd().split('\n').at(-1) ?? ''
  if (!last.startsWith('{')) throw new Error(`The bench ${name} did not end with its figures: ${complaint}${last}`)
  return JSON.parse(last) as Record<string, unknown>
}

function expectRate(rate: unknown): void {
  const { ours, theirs, ratio, ratio_min } = rate as Rate
  for (const figure of [ours, theirs, ratio, ratio_min]) expect(figure).toBeGreaterThan(0)
  expect(ratio).toBeCloseTo(ours / theirs)
}

test('the bench of ingest counts every sample beside a copy of the same rows, and a late snapshot touches nobody else', async () => {
  const { bench, samples, late } = await outcome('ingest')
  expect(bench).toBe('ingest')
  expectRate(samples)
  expect(late).toMatchObject({ rows_others: 0 })
  expect((late as { rows_own: number }).rows_own).toBeGreaterThan(0)
  expect((late as { seconds: number }).seconds).toBeGreaterThan(0)
}, 240_000)

test('the bench of the API compares each answer with its own statements', async () => {
  const { list, page, draft, series } = await outcome('api')
  for (const rate of [list, page, draft, series]) expectRate(rate)
}, 240_000)

test('the bench of a tenant’s list is answered alike by both sides, among several accounts', async () => {
  const { accounts, machines, ...rate } = await outcome('list')
  expect(accounts).toBeGreaterThan(1)
  expect(machines).toBeGreaterThan(200)
  expectRate(rate)
}, 240_000)

test('the bench of the inventory finds, sorts and counts what its realms hold, and what stays the same writes little', async () => {
  const { machines, round, table } = await outcome('inventory')
  expect(machines).toBe(240)
  const { still_cpu_seconds_a_minute, rows } = round as { still_cpu_seconds_a_minute: number; rows: object }
  expect(still_cpu_seconds_a_minute).toBeGreaterThan(0)
  // that it was seen, and nothing of any machine
  expect(Object.keys(rows)).toContain('snapshot')
  expect(Object.keys(rows)).not.toContain('resource')
  for (const asked of Object.values(table as Record<string, { p95_ms: number }[]>)) {
    expect(asked.length).toBeGreaterThan(15)
    for (const { p95_ms } of asked) expect(p95_ms).toBeGreaterThan(0)
  }
}, 240_000)

test('the bench of rating drafts, issues and explains a month that comes to what its oracle says', async () => {
  const { lines, segments, total, oracle, records, stages, peak_bytes, explain_p95_ms } = await outcome('rating')
  expect({ lines, segments }).toEqual({ lines: 28 * 5, segments: 28 * 12 })
  expect(Number(total)).toBeGreaterThan(1_000)
  expect(total).toBe(oracle)
  expectRate(records)
  for (const { seconds } of Object.values(stages as Record<string, { seconds: number }>))
    expect(seconds).toBeGreaterThan(0)
  for (const bytes of Object.values(peak_bytes as Record<string, number>)) expect(bytes).toBeGreaterThan(1e6)
  expect(explain_p95_ms).toBeGreaterThan(0)
}, 240_000)

test('the bench of the audit changes accounts fifty at once, and its chain is whole', async () => {
  const { records, changes, speed } = await outcome('audit')
  expect(records).toBeGreaterThan(300)
  for (const rate of [changes, speed]) expectRate(rate)
}, 240_000)
