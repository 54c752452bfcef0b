/** An agent cut off for 24 hours, with reboots and resets meanwhile: nothing is lost or doubled, and what a small spool lost is on the bill. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ServerClock } from '#agent/clock.ts'
import { Listings } from '#agent/listing.ts'
import { Outbox } from '#agent/outbox.ts'
import { Source } from '#agent/source.ts'
import { Spool } from '#agent/spool.ts'
import type { Connector } from '#connectors/contract.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { ms, rows } from '#control-plane/db/index.ts'
import { Suite } from '../setup/stack.ts'
import { type Agent, enrolledAgent, host, vm } from './agent.ts'
import { draftOf, market, sell, settled, sumOf, timeline, usage } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const START = Date.parse('2026-11-10T08:00:00.000Z')
const INTERVAL_MS = 300_000
const CUT_MS = 24 * HOUR_MS
const REBOOT_MS = 4 * INTERVAL_MS
const BYTES_PER_MS = 1_234
const COUNTER = 'network_transmit_bytes/eth0'
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

let suite: Suite
beforeAll(() => {
  suite = new Suite()
})
afterAll(() => suite.end())

interface Said {
  at: number
  epoch: string
  value: number
}

/** A host with one machine and the parts of the real agent on it; its time is the test's. */
class Site {
  now = START
  readonly said: Said[] = []
  readonly #agent: Agent
  readonly #world: Prepared
  readonly #directory: string
  readonly #bytes_max: number
  #epoch = { id: 'machine-1', origin_ms: START - HOUR_MS }
  spool: Spool
  #parts: { source: Source; outbox: Outbox; listings: Listings }

  constructor(world: Prepared, agent: Agent, bytes_max: number) {
    this.#world = world
    this.#agent = agent
    this.#bytes_max = bytes_max
    this.#directory = mkdtempSync(join(suite.folder, 'cut-'))
    this.spool = this.#openSpool()
    this.#parts = this.#start()
  }

  #openSpool(): Spool {
    const options = { bytes_max: this.#bytes_max, segment_bytes: this.#bytes_max / 16, now: () => this.now }
    return Spool.open(this.#directory, options)
  }

  #start() {
    const [listings, { spool }] = [new Listings(), this]
    const config = {
      id: this.#agent.source,
      connector: 'simulated',
      realm: 'cut',
      interval_ms: INTERVAL_MS,
      settings: {},
    }
    const source = new Source(config, {
      load: async () => this.#connector,
      memory: () => ({ get: async () => undefined, set: async () => {} }),
      log: () => {},
      listings,
      report: (facts) => outbox.add(facts),
      now: () => this.now,
    })
    const outbox = new Outbox({
      spool,
      clock: new ServerClock({ wall_ms: () => this.now, steady_ms: () => this.now }),
      timers: { now: () => this.now, after: () => () => {} },
      boot_id: 'boot',
      log: silent,
      gaps: ({ cause, from_ms, to_ms, ...sequences }) => [
        source.gap({ cause, from_ms, seen_at_ms: to_ms, ...sequences }),
      ],
      added: () => {},
    })
    return { source, outbox, listings }
  }

  readonly #connector: Connector = {
    manifest: {
      name: 'simulated',
      version: '1',
      title: '',
      description: '',
      realm: '',
      kinds: ['vm'],
      metrics: [],
      supports: '',
      permissions: '',
      default_interval_ms: INTERVAL_MS,
      settings: {},
      secrets: [],
      commands: [],
    },
    open: async () => ({ collect: async () => this.#collect(), close: async () => {} }),
  }

  #collect() {
    const [at, epoch] = [this.now, this.#epoch]
    const value = (at - epoch.origin_ms) * BYTES_PER_MS
    this.said.push({ at, epoch: epoch.id, value })
    return [
      {
        type: 'listing' as const,
        seen_at_ms: at,
        scope: { kind: 'host' as const, external_id: 'h' },
        complete: true,
        resources: [host('h'), vm('a')],
      },
      {
        type: 'readings' as const,
        seen_at_ms: at,
        resource: { kind: 'vm' as const, external_id: 'a', incarnation: '' },
        epoch,
        counters: { [COUNTER]: value },
      },
    ]
  }

  /** Ticks until so much time has passed. */
  async run(for_ms: number): Promise<void> {
    for (const end = this.now + for_ms; this.now < end; this.now += INTERVAL_MS) {
      await this.#parts.source.tick()
      this.#parts.outbox.flush()
    }
  }

  /** The machine restarts: its counter begins at zero again. */
  resetCounter(): void {
    this.#epoch = { id: `machine-${this.now}`, origin_ms: this.now - INTERVAL_MS / 3 }
  }

  /** The host restarts with all that runs on it. */
  async reboot(): Promise<void> {
    await this.spool.close()
    this.now += REBOOT_MS
    this.resetCounter()
    this.spool = this.#openSpool()
    const since = this.spool.last_at_ms
    this.#parts = this.#start()
    const { outbox, source } = this.#parts
    if (since !== null) outbox.add([source.gap({ cause: 'agent_down', from_ms: since, seen_at_ms: this.now })])
  }

  /** The way is free: everything is sent, now and then twice, until it is acknowledged. */
  async drain(): Promise<void> {
    this.#world.clock.now = this.now
    this.#agent.spool = this.spool.id
    const greeted = await this.#agent.hello()
    if (greeted.ok) this.spool.acknowledge(greeted.watermark)
    for (let sequence = this.spool.first; ; sequence += 1) {
      const pending = this.spool.read(sequence)
      if (!pending) return
      const { body, previous } = pending
      const sealed = this.#agent.sign({ message: 'batch', spool: this.spool.id, sequence, previous }, body)
      const reply = await this.#agent.deliver(sealed)
      if (sequence % 7 === 0) expect(await this.#agent.deliver(sealed)).toMatchObject({ ok: true })
      expect(reply).toMatchObject({ ok: true, unknown_digests: [] })
      if (reply.ok) this.spool.acknowledge(reply.watermark)
    }
  }
}

async function cutOff(bytes_max: number): Promise<{ world: Prepared; site: Site }> {
  const world = await market(suite, iso(START))
  await sell(world, { meter: 'vcpu', amount: '1' })
  await sell(world, { meter: 'network_transmit_bytes', per: 'quantity', unit: 'GB', amount: '0.01' })
  const site = new Site(world, await enrolledAgent(world, 'cut'), bytes_max)
  await site.run(HOUR_MS)
  await site.drain()
  return { world, site }
}

const readings = (world: Prepared) =>
  rows<{ at: string; epoch: string; value: string }>(
    world.db,
    sql`select ${ms(sql`seen_at`)} as at, epoch, counters->>${COUNTER} as value from reading order by seen_at`,
  )
const asRead = (said: readonly Said[]) =>
  said.map(({ at, epoch, value }) => ({ at: String(at), epoch, value: String(value) }))

/** Each epoch up to its last reading; the first one only from its first reading on, since nobody saw what it counted before. */
function counted(said: readonly Said[]): bigint {
  const last = new Map(said.map(({ epoch, value }) => [epoch, value]))
  return [...last.values()].reduce((sum, value) => sum + BigInt(value), -BigInt(said[0]?.value ?? 0))
}

const losses = (world: Prepared) =>
  rows<{ from: string; to: string; cause: string; sequences: { first: number; last: number } | null }>(
    world.db,
    sql`select ${ms(sql`from_at`)} as "from", ${ms(sql`to_at`)} as "to", cause, sequences from lost_range order by from_at`,
  )

let needed_bytes = 0

test('24 hours without a way out, two reboots and three resets: nothing is lost, nothing doubled', async () => {
  const { world, site } = await cutOff(256 * 2 ** 20)
  const pause = CUT_MS / 6
  for (const befall of ['reset', 'reboot', 'reset', 'reboot', 'reset'] as const) {
    await site.run(pause - (befall === 'reboot' ? REBOOT_MS : 0))
    if (befall === 'reboot') await site.reboot()
    else site.resetCounter()
  }
  await site.run(pause)
  expect(site.now - START).toBe(HOUR_MS + CUT_MS)
  needed_bytes = site.spool.bytes
  await site.drain()
  await settled(world)
  expect(await readings(world)).toEqual(asRead(site.said))
  expect(new Set(site.said.map(({ epoch }) => epoch)).size).toBe(6)
  expect(sumOf((await usage(world, 'cut')).map((row) => row.quantity))).toBe(counted(site.said))
  expect(await timeline(world, 'cut')).toMatchObject([
    { vm: 'a', from: String(START), to: null },
    { vm: 'h', from: String(START), to: null },
  ])
  expect(await losses(world)).toMatchObject([{ cause: 'agent_down' }, { cause: 'agent_down' }])
  const { lines } = await draftOf(world, world.account_id, site.now - INTERVAL_MS)
  const vcpu = lines.find((line) => line.meter === 'vcpu')
  expect(vcpu?.quantity).toBe(String(2 * (HOUR_MS + CUT_MS - INTERVAL_MS)))
  // from the last look before each reboot to the first one after it
  expect(vcpu?.unobserved_ms).toBe(2 * (REBOOT_MS + INTERVAL_MS))
  expect(vcpu?.gaps?.map(({ cause }) => cause)).toEqual(['agent_down', 'agent_down'])
}, 180_000)

test('a spool of a tenth of the size: what was lost is a gap of that length on the bill, and says why', async () => {
  const { world, site } = await cutOff(Math.floor(needed_bytes / 10))
  const before = site.said.at(-1)
  await site.run(CUT_MS)
  const [first] = site.said.slice(site.spool.first - 1)
  const lost = site.said.filter(({ at }) => at > (before?.at ?? 0) && at < (first?.at ?? 0))
  expect(lost.length).toBeGreaterThan(0.85 * (CUT_MS / INTERVAL_MS))
  await site.drain()
  // the loss is admitted once there is a way again
  await site.run(INTERVAL_MS)
  await site.drain()
  await settled(world)
  expect(await readings(world)).toEqual(asRead(site.said.filter((said) => !lost.includes(said))))
  const [loss, ...more] = await losses(world)
  expect(more).toEqual([])
  expect(loss).toMatchObject({ cause: 'spool_overflow' })
  expect(loss?.sequences?.first).toBe(site.said.findIndex(({ at }) => at === lost[0]?.at) + 1)
  expect([before?.at, lost[0]?.at]).toContain(Number(loss?.from))
  expect(Number(loss?.to)).toBe(lost.at(-1)?.at)
  const gap = { from: before?.at ?? 0, to: first?.at ?? 0 }
  // one epoch went on through the cut: its total is known, only its spread is not
  expect(sumOf((await usage(world, 'cut')).map((row) => row.quantity))).toBe(counted(site.said))
  const { lines } = await draftOf(world, world.account_id, site.now - INTERVAL_MS)
  expect(lines.map((line) => [line.meter, line.unobserved_ms])).toEqual([
    ['network_transmit_bytes', gap.to - gap.from],
    ['vcpu', gap.to - gap.from],
  ])
  for (const line of lines)
    expect(line.gaps).toMatchObject([{ from: iso(gap.from), to: iso(gap.to), cause: 'spool_overflow' }])
}, 180_000)
