/** Whole ticks against a cluster that lives: what is listed, what may not end, and what is said when something can't be read. */
import { type Collected, Manifest } from '#connectors/contract.ts'
import { auditor, AUDITOR, ProxmoxRig } from '#test/connectors/proxmox.ts'
import { Rights } from '#test/connectors/pve/api.ts'
import { counters, events, Eye, find, kinds, listings } from '#test/connectors/pve/eye.ts'
import { TOKEN } from '#test/connectors/pve/server.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connector } from './index.ts'

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

test('hundreds of guests that do nothing cost three calls a tick, and no new array', async () => {
  for (let at = 0; at < 100; at += 1) rig.world.add(`vm-${at}`, { node: `pve${(at % 3) + 1}` })
  const first = await eye.tick()
  // the guests' agents are asked in turn
  for (let at = 0; at < 3; at += 1) await eye.tick()
  rig.server.asked.length = 0
  const second = await eye.tick()
  expect(rig.server.asked.toSorted()).toEqual(['/cluster/resources', '/cluster/status', '/cluster/tasks'])
  for (const [scope, listing] of listings(second)) expect(listing.resources).toBe(listings(first).get(scope)?.resources)
}, 30_000)
