/** /metrics as Prometheus itself reads it: its linter finds nothing, and what it stores is what the API says. */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect as connectNats, headers as natsHeaders, type NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, type TestContext, test, vi } from 'vitest'
import { connectionOptions } from '#agent/connection.ts'
import { renewed } from '#agent/credential.ts'
import { system } from '#control-plane/base/actor.ts'
import { iso } from '#control-plane/base/time.ts'
import { connect, transact } from '#control-plane/db/index.ts'
import { urlsOf } from '#control-plane/db/setup.ts'
import type { CurrentValues } from '#control-plane/metrics/contract.ts'
import { exposedName } from '#control-plane/metrics/exposition.ts'
import { Reply } from '#connectors/contract.ts'
import { freePort } from '../../deploy/port.ts'
import { endsWithUs } from '../../deploy/process.ts'
import { type Agent, enrolledAgent, host, vm } from '../integration/agent.ts'
import type { Prepared } from '../integration/prepared.ts'
import { startChild } from '../setup/stand.ts'
import { skipWithout } from '../setup/skip.ts'
import {
  type ControlPlane,
  freshDatabase,
  type Installation,
  ownNats,
  startControlPlane,
  Suite,
} from '../setup/stack.ts'

const unpacked = join(import.meta.dirname, '../../.tools/debian/prometheus/usr/bin')
const program = (name: string, given: string | undefined): string | null =>
  given ?? Bun.which(name) ?? (existsSync(join(unpacked, name)) ? join(unpacked, name) : null)
const prometheus = program('prometheus', process.env.ATALAYA_PROMETHEUS)
const promtool = program('promtool', process.env.ATALAYA_PROMTOOL)
const needed = (context: TestContext) =>
  skipWithout(context, prometheus && promtool, 'Prometheus is missing: install Debian’s package prometheus')

const MACHINES = 16
/** names that need escaping, or that a careless reader would cut at a slash */
const DISKS = ['vda', 'vdb', 'cciss/c0d0', 'dm "quoted"', 'back\\slash']
const NICS = ['eth0', 'bond0.12', 'tap\u00e9']
const ROUNDS = 4
const PAIRS = 500

let suite: Suite
let installation: Installation
let plane: ControlPlane
let nats: NatsConnection
let agent: Agent

/** The installation's database as the intake's own role sees it, to enrol an agent without a process. */
async function worldOf({ ownerUrl, data }: Installation): Promise<Prepared> {
  const db = connect(urlsOf(ownerUrl, data).work, 2)
  suite.atEnd(() => db.$client.end({ timeout: 1 }))
  const run: Prepared['run'] = (work) => transact(db, system('test'), Date.now, work)
  const cut = () => Promise.reject(new Error('this suite closes no cut'))
  const none = { account_id: '', legal_entity_id: '', openCut: cut, closeCut: cut }
  return { db, clock: { now: Date.now() }, run, ...none }
}

beforeAll(async () => {
  suite = new Suite()
  if (!prometheus || !promtool) return
  installation = await freshDatabase(suite)
  const { server } = await ownNats(suite)
  plane = await startControlPlane(suite, installation, server)
  agent = await enrolledAgent(await worldOf(installation), 'scraped', null)
  const seed = new TextDecoder().decode(agent.key.getSeed())
  const who = { agent_id: agent.id, seed, url: plane.origin }
  const { nats_url, credential } = await renewed(who)
  nats = await connectNats(connectionOptions({ ...who, nats_url }, () => credential?.jwt ?? null))
  suite.atEnd(() => nats.close())
  const machines = Array.from({ length: MACHINES }, (_, index) => vm(`vm ${index} "${index}"`))
  await report([agent.listing(Date.now(), 'h', [host('h'), ...machines])])
  await vi.waitFor(async () => expect(await machineIds()).toHaveLength(MACHINES), { timeout: 20_000, interval: 100 })
})
afterAll(() => suite.end())

async function machineIds(): Promise<string[]> {
  const { items } = (await (await plane.api('/resources?kind=vm&limit=100')).json()) as { items: { id: string }[] }
  return items.map(({ id }) => id)
}

/** Over NATS and signed, as an agent's process does it. */
async function report(facts: unknown[]): Promise<void> {
  const { message } = agent.seal(facts)
  const headers = natsHeaders()
  for (const [name, value] of message.headers) headers.set(name, value)
  const reply = await nats.request(message.subject, message.body, { timeout: 10_000, headers })
  expect(Reply.parse(reply.json())).toMatchObject({ ok: true })
}

const whole = () => Math.floor(Math.random() * Number.MAX_SAFE_INTEGER)
const each = (metrics: string[], devices: string[], value: () => unknown) =>
  Object.fromEntries(metrics.flatMap((metric) => devices.map((device) => [`${metric}/${device}`, value()])))

/** Some 50 series a machine: small and huge numbers, times that become fractions of a second, every type of name. */
function readings(at: number, machine: number): unknown {
  const counters = {
    ...each(['disk_read_bytes', 'disk_write_bytes', 'disk_read_operations', 'disk_busy_ms'], DISKS, whole),
    ...each(['network_receive_bytes', 'network_transmit_bytes', 'network_receive_dropped'], NICS, whole),
    ...each(['cpu_time_ns'], ['user', 'system', 'idle'], () => String(2n ** 63n + BigInt(whole()))),
  }
  const gauges = {
    ...each(['load_average'], ['1m', '5m', '15m'], () => Math.random() * 10),
    ...each(['filesystem_size_bytes', 'filesystem_available_bytes'], ['/', '/srv/a b', 'C:\\'], whole),
    memory_rss_bytes: whole(),
    'processes_count/running': 0,
  }
  return agent.readings(at, `vm ${machine} "${machine}"`, counters, { gauges, epoch: { id: iso(at) } })
}

const scraped = async (key: string | null) =>
  fetch(`${plane.origin}/metrics`, { headers: key === null ? {} : { authorization: `Bearer ${key}` } })

test('the whole of /metrics passes promtool without a word', async (context) => {
  needed(context)
  await report(Array.from({ length: MACHINES }, (_, machine) => readings(Date.now(), machine)))
  const text = await (await scraped(installation.apiKey)).text()
  expect(text).toContain('atalaya_http_request_duration_seconds_bucket')
  expect(text).toContain('atalaya_disk_read_bytes_total{')
  const check = Bun.spawn([promtool ?? '', 'check', 'metrics'], { stdin: Buffer.from(text), stderr: 'pipe' })
  const said = await Promise.all([new Response(check.stdout).text(), new Response(check.stderr).text(), check.exited])
  expect(said).toEqual(['', '', 0])
})

test('without the key, or with a wrong one, nobody reads the metrics', async (context) => {
  needed(context)
  for (const key of [null, 'wrong', `${installation.apiKey}x`]) {
    const answer = await scraped(key)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('content-type')).toContain('application/problem+json')
    expect(await answer.text()).not.toContain('atalaya_disk')
  }
})

/** A Prometheus of its own on loopback; the answer calls its API. */
async function startPrometheus(): Promise<(path: string, query: Record<string, string>) => Promise<unknown>> {
  const folder = mkdtempSync(join(suite.folder, 'prometheus-'))
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      {
        job_name: 'atalaya',
        authorization: { credentials_file: join(installation.data, 'api-key') },
        static_configs: [{ targets: [new URL(plane.origin).host] }],
      },
    ],
  }
  writeFileSync(join(folder, 'prometheus.json'), JSON.stringify(config))
  const origin = `127.0.0.1:${await freePort()}`
  const options = [`--config.file=${folder}/prometheus.json`, `--storage.tsdb.path=${folder}/data`]
  const command = endsWithUs([prometheus ?? '', ...options, `--web.listen-address=${origin}`])
  const ready = () =>
    fetch(`http://${origin}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
  const name = 'prometheus'
  const child = await startChild({ title: 'Prometheus', name, command: () => command, stop_ms: 5_000 }, folder, ready)
  suite.atEnd(() => child.stop())
  return async (path, query) => {
    const answer = await fetch(`http://${origin}/api/v1/${path}?${new URLSearchParams(query)}`)
    const { status, data, error } = (await answer.json()) as { status: string; data: unknown; error?: string }
    if (status !== 'success') throw new Error(`Prometheus: ${error}`)
    return data
  }
}

type Stored = Map<string, number>
const pointOf = (resource_id: string, name: string, device: string | null, at_ms: number) =>
  JSON.stringify([resource_id, name, device, at_ms])

interface Matrix {
  result: { metric: Record<string, string>; values: [seconds: number, text: string][] }[]
}

/** Every sample of every resource that Prometheus holds, by series and instant. */
async function storedIn(query: Awaited<ReturnType<typeof startPrometheus>>): Promise<Stored> {
  const { result } = (await query('query', { query: '{resource_id!=""}[30m]' })) as Matrix
  const stored: Stored = new Map()
  for (const { metric, values } of result)
    for (const [seconds, text] of values) {
      const { resource_id = '', __name__: name = '', device = null } = metric
      stored.set(pointOf(resource_id, name, device, Math.round(seconds * 1000)), Number(text))
    }
  return stored
}

/** What the API says now, as the same points. */
async function told(): Promise<Stored> {
  const points: Stored = new Map()
  for (const id of await machineIds()) {
    const answer = (await (await plane.api(`/resources/${id}/metrics`)).json()) as CurrentValues
    for (const { metric, device, value, type, seen_at } of answer.items)
      points.set(pointOf(id, exposedName(metric, { type }), device, Date.parse(seen_at)), value)
  }
  return points
}

const shuffled = <T>(items: T[]): T[] =>
  items
    .map((item) => ({ item, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item)

test('500 random values that a real Prometheus scraped are those of the API at the same instant', async (context) => {
  needed(context)
  const query = await startPrometheus()
  const said: Stored = new Map()
  for (let round = 0; round < ROUNDS; round += 1) {
    const at = Date.now()
    await report(Array.from({ length: MACHINES }, (_, machine) => readings(at, machine)))
    for (const [point, value] of await told()) said.set(point, value)
    const isIn = async () => {
      const points = [...(await storedIn(query)).keys()]
      expect(points.some((point) => point.endsWith(`,${at}]`))).toBe(true)
    }
    await vi.waitFor(isIn, { timeout: 20_000, interval: 250 })
  }
  const stored = await storedIn(query)
  const series = new Set([...said.keys()].map((point) => point.slice(0, point.lastIndexOf(','))))
  expect(series.size).toBeGreaterThan(PAIRS)
  const drawn = shuffled([...said]).slice(0, PAIRS)
  expect(Object.fromEntries(drawn.map(([point]) => [point, stored.get(point)]))).toEqual(Object.fromEntries(drawn))
})
