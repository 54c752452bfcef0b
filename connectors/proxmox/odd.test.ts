/** What real clusters answer that a well-kept one doesn't: rows that can't be read, parts that are refused, guests that are not listed. */
import type { Collected } from '#connectors/contract.ts'
import { auditor, ProxmoxRig } from '#test/connectors/proxmox.ts'
import { answer } from '#test/connectors/pve/api.ts'
import { Eye, find, listings } from '#test/connectors/pve/eye.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { diskBytes, parseConfig } from './config.ts'
import { parseResources } from './map.ts'
import { haOf, maySeeBackups, missing } from './survey.ts'

let rig: ProxmoxRig
let eye: Eye
beforeEach(() => {
  rig = new ProxmoxRig()
  eye = new Eye(rig)
  rig.world.add('a', { vmid: 100, node: 'pve1' })
  rig.world.add('b', { vmid: 101, node: 'pve2' })
})
afterEach(async () => {
  await eye.restart()
  await rig.end()
})

type Row = Record<string, unknown>
/** Answers these in place of what the paths would tell. */
const instead = (answers: Record<string, (data: Row[]) => unknown>) => {
  rig.server.trouble = {
    instead: (path) => {
      const change = answers[path]
      if (!change) return undefined
      const data = answer(rig.world, rig.server.rights, 'GET', path, {})
      const said = change(
        JSON.parse(JSON.stringify(data, (_key, one) => (typeof one === 'bigint' ? Number(one) : one))),
      )
      return said instanceof Response ? said : Response.json({ data: said })
    },
  }
}
const complete = (facts: Collected[]) =>
  [...listings(facts).values()].filter((one) => one.complete).map(({ scope }) => scope.external_id)

const ODD = [
  null,
  'qemu/100',
  { type: 'qemu', vmid: 300 },
  { type: 'lxc', node: 'pve1', id: 'lxc/many' },
  { type: 'node', status: 'online' },
  { type: 'storage', storage: 'nas' },
]
test.each(ODD)(
  'a row of the cluster’s list that can’t be read (%j) hides no other, and nothing ends for it',
  async (odd) => {
    const facts = await eye.tick()
    instead({ '/cluster/resources': (rows: Row[]) => [odd, ...rows] })
    const again = await eye.tick()
    expect(eye.error).toMatchObject({ code: 'bad_answer' })
    for (const id of ['100', '101', 'pve3', 'ceph']) expect(find(again, id)).toEqual(find(facts, id))
    expect(complete(again)).toEqual(['nas'])
    // also by who sees them for the first time
    const other = new Eye(rig)
    expect(find(await other.tick(), '101')).toMatchObject([{ scope: 'pve2' }])
    await other.restart()
    rig.server.trouble = {}
    expect(complete(await eye.tick())).toEqual(['pve1', 'pve2', 'pve3', 'r', 'nas'])
  },
)

test('rows of kinds that are not read are no odd ones: pools, networks and fabrics of version 9', () => {
  const rows = [
    { type: 'pool', id: '/pool/gold', pool: 'gold' },
    { type: 'sdn', id: 'sdn/pve1/lab', sdn: 'lab', node: 'pve1', status: 'ok' },
    { type: 'network', id: 'network/pve1/fabric/spine', network: 'spine', 'network-type': 'fabric', node: 'pve1' },
  ]
  expect(parseResources(rows)).toMatchObject({ odd: [], storages: [] })
})

test('a task list that is refused or can’t be read costs exact instants, and no listing', async () => {
  await eye.tick()
  for (const said of [new Response('{"data":null}', { status: 501 }), { upid: 1 }]) {
    instead({ '/cluster/tasks': () => said })
    expect(complete(await eye.tick())).toEqual(['pve1', 'pve2', 'pve3', 'r', 'nas'])
    expect(eye.error).toMatchObject({ code: 'bad_answer', message: expect.stringContaining('tasks') })
  }
  instead({ '/cluster/tasks': (rows: Row[]) => [null, ...rows] })
  await eye.tick()
  expect(eye.error).toBeUndefined()
})

describe('a guest that is not listed', () => {
  const without = (vmid: number) => (rows: Row[]) => rows.filter((row) => row['vmid'] !== vmid)

  test('ends only when its node says that it is gone', async () => {
    await eye.tick()
    instead({ '/cluster/resources': without(100) })
    expect(complete(await eye.tick())).not.toContain('pve1')
    const node = rig.world.nodes.get('pve1')
    if (node) node.mute = true
    expect(complete(await eye.tick())).not.toContain('pve1')
    expect(eye.error).toMatchObject({ code: 'unreachable' })
    if (node) node.mute = false
    rig.world.guests.delete(100)
    expect(complete(await eye.tick())).toContain('pve1')
  })

  test('is asked about however many there are', async () => {
    const rights = auditor()
    for (let vmid = 200; vmid < 220; vmid += 1) {
      rig.world.add(`c-${vmid}`, { vmid, node: 'pve1' })
      rights.grant(`/vms/${vmid}`, 'VM.Backup')
    }
    rig.world.add('last', { vmid: 900, node: 'pve2' })
    rights.grant('/vms/900', 'VM.Backup')
    expect(complete(await eye.tick())).toEqual(expect.arrayContaining(['pve1', 'pve2', 'pve3']))
    rig.server.rights = rights
    const facts = await eye.tick()
    expect(complete(facts).filter((scope) => scope.startsWith('pve'))).toEqual(['pve3'])
  })
})

test('a privilege that doesn’t propagate is of its path alone: what lies below may not be seen', async () => {
  const rights = (bit: unknown) =>
    Object.fromEntries(
      Object.entries({
        '/vms': 'VM.Audit',
        '/nodes': 'Sys.Audit',
        '/storage': 'Datastore.Audit',
        '/pool': 'Pool.Audit',
        '/sdn': 'SDN.Audit',
      }).map(([path, privilege]) => [path, { [privilege]: bit, 'VM.Backup': bit, 'Datastore.AllocateSpace': bit }]),
    )
  for (const bit of [1, '1', true]) expect([missing(rights(bit), []), maySeeBackups(rights(bit))]).toEqual([[], true])
  expect(missing(rights(0), []).map(({ of }) => of)).toEqual(['guests', 'nodes', 'storages', 'pools', 'networks'])
  expect(maySeeBackups(rights(0))).toBe(false)
  // a pool's privileges are those of its guests
  expect(missing({ ...rights(1), '/vms': {}, '/pool/gold': { 'VM.Audit': 0 } }, ['gold'])).toEqual([])
  await eye.tick()
  instead({
    '/access/permissions': () => rights(0),
    '/cluster/resources': (rows: Row[]) => rows.filter((row) => !row['vmid']),
  })
  eye.passed_ms += 600_000
  expect(complete(await eye.tick())).toEqual([])
  expect(eye.error?.message).toContain('(/vms, VM.Audit)')
})

test('since version 9 HA has rules that name guests, in place of their groups', async () => {
  const managed = [{ sid: 'vm:100', state: 'started' }, { sid: 'ct:101', state: 'stopped' }, { sid: 'vm:102' }]
  const rules = [
    { rule: 'near', type: 'node-affinity', resources: 'vm:100,ct:101', nodes: 'pve1:2,pve2', strict: 0 },
    { rule: 'apart', type: 'resource-affinity', resources: 'vm:100, vm:102', affinity: 'negative' },
    { rule: 'off', type: 'node-affinity', resources: 'vm:100', disable: 1 },
  ]
  expect([...haOf(managed, rules)]).toEqual([
    ['100', { requested: 'started', rules: ['apart', 'near'] }],
    ['101', { requested: 'stopped', rules: ['near'] }],
    ['102', { rules: ['apart'] }],
  ])
  // older versions don't know the path
  await eye.tick()
  expect(rig.server.asked).toContain('/cluster/ha/rules')
  expect(eye.error).toBeUndefined()
})

test('a volume without a limit says 0, and is as large as nobody knows', () => {
  const bytes = (rootfs: string) =>
    diskBytes(parseConfig('lxc', { rootfs, mp0: 'local:101/vm-101-disk-1.raw,size=8G' }))
  expect(bytes('local:101/vm-101-disk-0.raw,size=4G')).toBe(12n * 2n ** 30n)
  expect(bytes('local:101/subvol-101-disk-0.subvol,size=0T')).toBeUndefined()
})
