/** Whole ticks against a cluster that lives: what is listed, when it ends, what counts, and what is said when something can't be read. */
import { type Collected, ConnectorError, Fact, type Listing, Manifest, Observation } from '#connectors/contract.ts'
import { auditor, AUDITOR, ProxmoxRig } from '#test/connectors/proxmox.ts'
import { Rights } from '#test/connectors/pve/api.ts'
import { TOKEN } from '#test/connectors/pve/server.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connector } from './index.ts'

type EventFact = Extract<Collected, { type: 'event' }>
type ReadingsFact = Extract<Collected, { type: 'readings' }>
const SOURCE = '019aa000-0000-7000-8000-000000000001'

/** A session as an agent runs it. */
class Eye {
  memory: unknown
  passed_ms = 0
  error: ConnectorError | undefined
  #session: Awaited<ReturnType<typeof connector.open>> | undefined
  readonly #rig: ProxmoxRig
  constructor(rig: ProxmoxRig) {
    this.#rig = rig
  }
  now = () => Date.now() + this.passed_ms

  /** One tick: all that it said; what it complained of is in `error`. */
  async tick(settings: Record<string, unknown> = this.#rig.settings()): Promise<Collected[]> {
    const emitted: Collected[] = []
    this.error = undefined
    this.#emit = (facts) => emitted.push(...facts)
    this.#session ??= await connector.open(settings, {
      realm: 'r',
      interval_ms: 30_000,
      now: this.now,
      emit: (facts) => this.#emit(facts),
      memory: { get: async () => this.memory, set: async (value) => void (this.memory = structuredClone(value)) },
      log: () => undefined,
    })
    try {
      emitted.push(...(await this.#session.collect(AbortSignal.timeout(20_000))))
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error
      this.error = error
    }
    for (const fact of emitted) valid(fact)
    return emitted
  }
  #emit: (facts: Collected[]) => void = () => undefined
  async restart(): Promise<void> {
    await this.#session?.close()
    this.#session = undefined
  }
}

function valid(fact: Collected): void {
  if (fact.type === 'listing') for (const resource of fact.resources) Observation.parse(resource)
  else Fact.parse({ source: SOURCE, ...(fact.type === 'readings' && { interval_ms: 30_000 }), ...fact })
}

const listings = (facts: Collected[]) =>
  new Map(facts.flatMap((fact) => (fact.type === 'listing' ? [[fact.scope.external_id, fact] as const] : [])))
const kinds = (listing: Listing | undefined) =>
  listing?.resources.map(({ kind, external_id }) => `${kind} ${external_id}`)
const find = (facts: Collected[], external_id: string) =>
  [...listings(facts).values()].flatMap(({ scope, resources }) =>
    resources.filter((one) => one.external_id === external_id).map((one) => ({ ...one, scope: scope.external_id })),
  )
const events = (facts: Collected[]) => facts.filter((fact): fact is EventFact => fact.type === 'event')
const counters = (facts: Collected[], external_id: string) =>
  facts.filter((fact): fact is ReadingsFact => fact.type === 'readings' && fact.resource.external_id === external_id)

let rig: ProxmoxRig
let eye: Eye
beforeEach(() => {
  rig = new ProxmoxRig()
  eye = new Eye(rig)
})
afterEach(async () => {
  await eye.restart()
  await rig.end()
})

test('the manifest is one, and names what the session needs', () => {
  expect(() => Manifest.parse(connector.manifest)).not.toThrow()
  expect(connector.manifest.permissions).toContain('PVEAuditor')
  expect(connector.manifest.secrets).toEqual(['token_secret'])
})

test('settings that can’t be right are refused without telling the secret', async () => {
  const good = rig.settings()
  const wrong = [
    { ...good, urls: [] },
    { ...good, urls: ['http://pve:8006'] },
    { ...good, token_id: 'root@pam' },
    { ...good, token_secret: '' },
    { ...good, token_secret: `${TOKEN.secret}\nX: y` },
    { ...good, ca: 'no certificate' },
    { ...good, fingerprints: ['12:34'] },
    { ...good, more: 1 },
    {},
  ]
  for (const settings of wrong) {
    const error: unknown = await new Eye(rig).tick(settings).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'bad_settings' })
    expect(String(error)).not.toContain(TOKEN.secret)
  }
})

test('a first look says what is there: nodes, guests with their parts, templates, storage, networks, backups', async () => {
  rig.world.add('web', { tags: ['acme'], pool: 'gold', ips: ['192.0.2.10'], netin: 77n })
  rig.world.add('box', { type: 'lxc', node: 'pve2', vmid: 101 })
  rig.world.add('golden', { template: true, status: 'stopped', vmid: 102 })
  rig.world.guest(100).snapshots.push({ name: 'before', snaptime: 1_700_000_000 })
  rig.world.backup(100, 5_000)
  rig.world.ha.push({ sid: 'vm:100', state: 'started', group: 'all' })
  rig.world.replication.push({ id: '100-0', guest: 100, target: 'pve2', schedule: '*/15' })
  const facts = await eye.tick()
  expect(eye.error).toBeUndefined()
  const all = listings(facts)
  expect([...all.values()].map(({ complete }) => complete)).toEqual(Array(all.size).fill(true))
  expect(kinds(all.get('pve1'))).toEqual([
    'host pve1',
    'vm 100',
    'disk 100/scsi0',
    'snapshot 100@before',
    'template 102',
    'disk 102/scsi0',
    'network pve1/vmbr0',
    'storage_pool pve1/local',
  ])
  expect(kinds(all.get('pve2'))).toContain('container 101')
  expect(kinds(all.get('r'))).toEqual([
    'cluster test-cluster',
    'storage_pool ceph',
    'storage_pool nas',
    'network zone/lab',
    'network vnet/green',
  ])
  expect(all.get('nas')?.resources).toMatchObject([
    { kind: 'backup', size: { disk_bytes: 5_000 }, attributes: { guest: '100' } },
  ])
  expect(find(facts, '100')).toMatchObject([
    {
      state: 'running',
      host: 'pve1',
      attributes: {
        pool: 'gold',
        labels: { acme: 'acme' },
        ha: { requested: 'started', group: 'all' },
        replication: [{ target: 'pve2' }],
      },
    },
  ])
  expect(counters(facts, '100')).toMatchObject([
    { counters: { network_receive_bytes: 77 }, gauges: { cpu_used_cores: 0.5 } },
  ])
})

describe('what may not close anything', () => {
  beforeEach(() => {
    rig.world.add('a', { vmid: 100, node: 'pve1' })
    rig.world.add('b', { vmid: 101, node: 'pve2' })
  })
  const ended = (facts: Collected[]) =>
    [...listings(facts).values()]
      .filter(({ scope, complete }) => scope.kind === 'host' && complete)
      .map(({ scope }) => scope.external_id)

  test('an offline node: its scope is incomplete and still names it, as big as it was; the others are whole', async () => {
    await eye.tick()
    const node = rig.world.nodes.get('pve1')
    if (node) node.online = false
    for (const restarted of [false, true]) {
      if (restarted) await eye.restart()
      const facts = await eye.tick()
      expect(ended(facts)).toEqual(['pve2', 'pve3'])
      expect(events(facts)).toEqual([])
      const [host] = find(facts, 'pve1')
      expect(host).toMatchObject({ state: 'unknown', size: { vcpu_count: 16, memory_bytes: 2 ** 36 } })
      expect(counters(facts, '100')).toEqual([])
    }
  })

  test('a node whose API is down: what the others tell of its guests goes on, and nothing ends there', async () => {
    await eye.tick()
    const node = rig.world.nodes.get('pve1')
    if (node) node.mute = true
    rig.world.add('new', { vmid: 105, node: 'pve1' })
    rig.world.guest(100).netin += 5n
    const facts = await eye.tick()
    expect(eye.error).toMatchObject({ code: 'unreachable' })
    expect(ended(facts)).toEqual(['pve2', 'pve3'])
    expect(counters(facts, '100')).toHaveLength(1)
    expect(find(facts, '105')).toEqual([])
  })

  test('a cluster without quorum: nothing is said; a node that has it is asked instead', async () => {
    await eye.tick()
    rig.world.quorate = false
    rig.world.guests.clear()
    expect(await eye.tick()).toEqual([])
    expect(eye.error?.message).toContain('no quorum')
  })

  test('a token that may not see guests any more: the error names path and privilege', async () => {
    await eye.tick()
    rig.server.rights = new Rights().grant('/', ...AUDITOR).grant('/vms', 'VM.Backup')
    const facts = await eye.tick()
    expect(eye.error).toMatchObject({ code: 'refused' })
    expect(eye.error?.message).toContain('(/vms, VM.Audit)')
    expect(ended(facts)).toEqual([])
    expect(events(facts)).toEqual([])
    rig.server.rights = auditor()
    expect(find(await eye.tick(), '100')).toHaveLength(1)
    expect(eye.error).toBeUndefined()
  })

  test('a single guest that was hidden from the token: it is probed, and stays', async () => {
    await eye.tick()
    rig.server.rights = auditor().grant('/vms/100', 'VM.Backup')
    const facts = await eye.tick()
    expect(eye.error?.message).toContain('(/vms/100, VM.Audit)')
    expect(ended(facts)).toEqual(['pve2', 'pve3'])
  })

  test('each other right that lacks leaves its part incomplete, and is named', async () => {
    const lacking = [
      ['Sys.Audit', '/nodes', []],
      ['Datastore.Audit', '/storage', []],
      ['SDN.Audit', '/sdn', ['pve1', 'pve2', 'pve3']],
    ] as const
    for (const [privilege, path, whole] of lacking) {
      rig.server.rights = auditor().grant(path, 'Pool.Audit')
      await eye.restart()
      const facts = await eye.tick()
      expect(eye.error?.message).toContain(`(${path}, ${privilege})`)
      expect(ended(facts)).toEqual(whole)
      expect(listings(facts).get('r')?.complete).toBe(privilege === 'Sys.Audit')
    }
  })

  test('backups that the token may not see are not said to be none', async () => {
    rig.world.backup(100, 1)
    expect(listings(await eye.tick()).has('nas')).toBe(true)
    rig.server.rights = new Rights().grant('/', ...AUDITOR)
    await eye.restart()
    expect(listings(await eye.tick()).has('nas')).toBe(false)
    expect(eye.error).toBeUndefined()
  })
})

describe('what happens to guests', () => {
  beforeEach(() => void rig.world.add('a', { vmid: 100, node: 'pve1', started_ms: Date.now() - 90_000 }))

  test('a migration keeps the guest one and tells the instant of its move', async () => {
    const [before] = find(await eye.tick(), '100')
    rig.world.migrate(100, 'pve2')
    const facts = await eye.tick()
    expect(find(facts, '100')).toMatchObject([{ scope: 'pve2', host: 'pve2', incarnation: before?.incarnation }])
    const at = (rig.world.tasks[0]?.endtime ?? 0) * 1_000
    expect(events(facts)).toMatchObject([
      { change: 'qmigrate begun', seen_at_ms: at - 3_000, scope: { external_id: 'pve1' }, content: {} },
      { change: 'qmigrate', seen_at_ms: at, scope: { external_id: 'pve2' }, content: { host: 'pve2' } },
      { change: 'qmigrate', seen_at_ms: at, scope: { external_id: 'pve1' }, content: null },
    ])
    expect(events(await eye.tick())).toEqual([])
  })

  test('HA starts it elsewhere while its node is gone: it left the node that can’t be listed', async () => {
    await eye.tick()
    const node = rig.world.nodes.get('pve1')
    if (node) node.online = false
    rig.world.recover(100, 'pve3')
    const facts = await eye.tick()
    expect(find(facts, '100')).toMatchObject([{ scope: 'pve3', state: 'running' }])
    expect(events(facts).map(({ change, scope, content }) => [change, scope.external_id, content])).toContainEqual([
      'moved',
      'pve1',
      null,
    ])
  })

  test('a stop and a start are told to the second, and a list that lags behind doesn’t undo them', async () => {
    await eye.tick()
    rig.world.hold()
    rig.world.stop(100)
    const facts = await eye.tick()
    const at = (rig.world.tasks[0]?.endtime ?? 0) * 1_000
    expect(events(facts)).toMatchObject([{ change: 'qmstop', seen_at_ms: at, content: { state: 'stopped' } }])
    expect(find(facts, '100')).toMatchObject([{ state: 'stopped' }])
    rig.world.release()
    rig.world.start(100)
    expect(find(await eye.tick(), '100')).toMatchObject([{ state: 'running' }])
    // what nobody ordered shows in the list alone
    eye.passed_ms += 60_000
    rig.world.guest(100).status = 'paused'
    expect(find(await eye.tick(), '100')).toMatchObject([{ state: 'paused' }])
  })

  test('another guest under a freed number is another one, a VM as well as a container that has nothing to tell it by', async () => {
    rig.world.add('box', { vmid: 101, type: 'lxc' })
    const first = await eye.tick()
    for (const vmid of [100, 101]) rig.world.destroy(vmid)
    rig.world.add('again', { vmid: 100, ctime_s: 1_600_000_000 })
    rig.world.add('again', { vmid: 101, type: 'lxc' })
    const second = await eye.tick()
    for (const id of ['100', '101']) {
      const [[old], [young]] = [find(first, id), find(second, id)]
      expect(young?.incarnation).not.toBe(old?.incarnation)
      const gone = events(second).filter(({ resource }) => resource.external_id === id)
      expect(gone).toMatchObject([{ resource: { incarnation: old?.incarnation }, content: null }])
    }
    await eye.restart()
    expect(find(await eye.tick(), '101')).toMatchObject([{ incarnation: find(second, '101')[0]?.incarnation }])
  })

  test('a failed task changes nothing and is told; a backup has a beginning and an end', async () => {
    await eye.tick()
    rig.world.task(rig.world.guest(100), 'stop', 0, 'got timeout')
    rig.world.backup(100, 9)
    const facts = await eye.tick()
    expect(events(facts).map(({ change, content }) => [change, content])).toEqual(
      expect.arrayContaining([
        ['qmstop failed', {}],
        ['vzdump begun', {}],
        ['vzdump', {}],
      ]),
    )
    expect(listings(facts).get('nas')?.resources).toHaveLength(1)
  })

  test('hundreds of tasks between two looks are all read, each told once', async () => {
    await eye.tick()
    for (let at = 0; at < 600; at += 1) rig.world.task(rig.world.guest(100), 'snapshot')
    expect(events(await eye.tick())).toHaveLength(600)
    expect(events(await eye.tick())).toEqual([])
  })

  test('what was done while the agent was away is told when it is back', async () => {
    await eye.tick()
    await eye.restart()
    rig.world.stop(100)
    expect(events(await eye.tick())).toMatchObject([{ change: 'qmstop', content: { state: 'stopped' } }])
  })

  test('a guest that is gone ends with the list of its node; a node that left the cluster holds nothing', async () => {
    rig.world.add('b', { vmid: 101, node: 'pve3' })
    await eye.tick()
    rig.world.guests.clear()
    rig.world.nodes.delete('pve3')
    const facts = await eye.tick()
    expect(eye.error).toBeUndefined()
    expect(listings(facts).get('pve1')).toMatchObject({ complete: true })
    expect(kinds(listings(facts).get('pve1'))).not.toContain('vm 100')
    expect(listings(facts).get('pve3')).toMatchObject({ complete: true, resources: [] })
    expect(listings(await eye.tick()).has('pve3')).toBe(false)
  })
})

describe('counters', () => {
  const last = (facts: Collected[], id = '100') => counters(facts, id).at(-1)
  beforeEach(() => void rig.world.add('a', { vmid: 100, started_ms: Date.now() - 9_000, netin: 500n }))

  test('go on over a restart of the agent, and begin anew with a new process', async () => {
    const first = last(await eye.tick())
    expect(first?.epoch).not.toHaveProperty('origin_ms')
    await eye.restart()
    rig.world.guest(100).netin += 100n
    const second = last(await eye.tick())
    expect([second?.epoch?.id, second?.counters?.['network_receive_bytes']]).toEqual([first?.epoch?.id, 600])
    rig.world.restart(100)
    rig.world.guest(100).netin += 40n
    const third = last(await eye.tick())
    expect(third?.epoch?.id).not.toBe(first?.epoch?.id)
    expect(third?.epoch?.origin_ms).toBeGreaterThan(0)
    expect(third?.counters?.['network_receive_bytes']).toBe(40)
  })

  test('of a guest that was born under our eyes count from zero', async () => {
    await eye.tick()
    rig.world.add('young', { vmid: 101, netin: 12n })
    expect(last(await eye.tick(), '101')?.epoch?.origin_ms).toBeGreaterThan(0)
  })

  test('above 2⁵³ come exactly', async () => {
    rig.world.guest(100).netin = 2n ** 60n + 1n
    expect(last(await eye.tick())?.counters?.['network_receive_bytes']).toBe('1152921504606846977')
  })

  test('after an outage, records fill the picture as history and never as usage', async () => {
    await eye.tick()
    await eye.restart()
    const now_s = Math.floor(Date.now() / 1_000)
    rig.world.records = [
      { time: now_s - 60, maxcpu: 4, cpu: 0.5, mem: 100, netin: 9_999 },
      { time: now_s + 300, maxcpu: 4, cpu: 0.5, mem: 1_024, netin: 9_999.5 },
      { time: now_s + 360, maxcpu: 4 },
    ]
    eye.passed_ms = 900_000
    const filled = counters(await eye.tick(), '100').filter(({ metered }) => metered === false)
    expect(filled).toMatchObject([
      { seen_at_ms: (now_s + 300) * 1_000, gauges: { cpu_used_cores: 2, memory_used_bytes: 1_024 } },
    ])
    expect(filled[0]).not.toHaveProperty('counters')
  })
})

test('hundreds of guests that do nothing cost three calls a tick, and no new array', async () => {
  for (let at = 0; at < 300; at += 1) rig.world.add(`vm-${at}`, { node: `pve${(at % 3) + 1}` })
  const first = await eye.tick()
  // the guests' agents are asked in turn
  for (let at = 0; at < 8; at += 1) await eye.tick()
  rig.server.asked.length = 0
  const second = await eye.tick()
  expect(rig.server.asked.toSorted()).toEqual(['/cluster/resources', '/cluster/status', '/cluster/tasks'])
  for (const [scope, listing] of listings(second)) expect(listing.resources).toBe(listings(first).get(scope)?.resources)
}, 30_000)
