/** Answers of Proxmox VE in all the types in which they come → our words; and those of real clusters, where they are at hand. */
import { existsSync, readFileSync } from 'node:fs'
import { Observation } from '#connectors/contract.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { skipWithout } from '#test/setup/skip.ts'
import { flag, number, parseJson, record, rows, whole } from './answers.ts'
import { diskBytes, parseConfig, reportedAddresses, sizeOf } from './config.ts'
import { guestObservation, type Known, parseResources, partsOf, tagsOf } from './map.ts'
import { nodeDetails, parseStatus } from './nodes.ts'
import { backups, bridges, sdn, storages } from './storage.ts'
import { missing } from './survey.ts'
import { parseTasks } from './tasks.ts'
import { historyReadings } from './history.ts'

const known = (type: 'qemu' | 'lxc', config: Record<string, unknown>): Known => ({
  config: parseConfig(type, config),
  incarnation: 'ctime:1700000000',
  ips: [],
  snapshots: [],
  ha: undefined,
  replication: undefined,
})
const only = (row: Record<string, unknown>) => {
  const guest = [...parseResources([{ node: 'pve1', type: 'qemu', id: 'qemu/100', ...row }]).guests.values()][0]
  if (!guest) throw new Error('no guest')
  return guest
}

describe('types of the day', () => {
  test('numbers come as text, numbers of guests as either, booleans as 0 and 1', () => {
    expect([whole('42'), whole(42), whole(''), whole('4.2'), whole(-1), whole('1e3'), whole(null)]).toEqual([
      42n,
      42n,
      ...Array.from({ length: 5 }, () => undefined),
    ])
    expect([number('0.00'), number('1.5e3'), number('x'), number(Number.NaN), number(true)]).toEqual([
      0,
      1_500,
      undefined,
      undefined,
      undefined,
    ])
    expect([flag(1), flag('1'), flag(true), flag('yes')]).toEqual([true, true, true, true])
    expect([flag(0), flag('0'), flag(null), flag(undefined), flag({}), flag('')]).toEqual(Array(6).fill(false))
    expect(only({ vmid: '106' }).vmid).toBe('106')
    expect(only({ vmid: 106 }).vmid).toBe('106')
    expect(only({ vmid: null }).vmid).toBe('100')
  })

  test('a counter above 2⁵³ keeps each digit', () => {
    const text = '{"data":[{"netin":18446744073709551615,"netout":9007199254740993,"cpu":0.5}]}'
    const [row] = rows(record(parseJson(text, 'x'), 'x')['data'], 'x')
    expect([whole(row?.['netin']), whole(row?.['netout']), number(row?.['cpu'])]).toEqual([
      2n ** 64n - 1n,
      9_007_199_254_740_993n,
      0.5,
    ])
  })

  test('what is no list, no object or no JSON is an answer that can’t be read', () => {
    for (const data of [null, undefined, {}, 'x', [1], [null]]) expect(() => rows(data, 'it')).toThrow("can't be read")
    expect(() => parseJson('<html>', 'it')).toThrow('is not JSON, but begins "<html>"')
    expect(() => parseResources({})).toThrow('is no list')
    expect(() => parseStatus([])).toThrow('names no node')
  })
})

describe('guests', () => {
  const config = {
    scsi0: 'local-lvm:vm-100-disk-0,size=32G,serial=ABC',
    virtio1: 'ceph:vm-100-disk-1,size=512M',
    efidisk0: 'ceph:vm-100-disk-2,efitype=4m,size=528K',
    ide2: 'local:iso/debian-12.iso,media=cdrom,size=629M',
    ide3: 'local-lvm:vm-100-cloudinit,media=cdrom',
    unused0: 'ceph:vm-100-disk-9',
    net0: 'virtio=BC:24:11:2E:C5:4A,bridge=vmbr0,tag=7',
    net1: 'model=e1000,macaddr=BC:24:11:2E:C5:4B,bridge=green',
    ipconfig0: 'ip=192.0.2.10/24,gw=192.0.2.1,ip6=2001:db8::10/64',
    smbios1: 'uuid=0C4F1D3A-7B2E-4E55-9F0E-3C1B2A4D5E6F,manufacturer=QQ==,base64=1',
    meta: 'creation-qemu=8.1.5,ctime=1709743234',
    agent: 1,
  }

  test('size is what is configured: all disks but drives, and no sum while one is unknown', () => {
    const parsed = parseConfig('qemu', config)
    expect(diskBytes(parsed)).toBe(32n * 2n ** 30n + 512n * 2n ** 20n + 528n * 2n ** 10n)
    expect(parsed.disks.map(({ slot }) => slot)).toEqual(['efidisk0', 'scsi0', 'unused0', 'virtio1'])
    expect(diskBytes(parseConfig('qemu', { ...config, sata0: 'ceph:vm-100-disk-3' }))).toBeUndefined()
    const row = { maxcpu: 4, maxmem: '4294967296', status: 'running', uptime: 9 }
    const guest = only(row)
    expect(guestObservation(guest, 'running', known('qemu', config))).toMatchObject({
      kind: 'vm',
      size: { vcpu_count: 4, memory_bytes: 4_294_967_296, disk_bytes: 34_897_149_952, ip_count: 2 },
      evidence: {
        smbios_uuid: '0c4f1d3a-7b2e-4e55-9f0e-3c1b2a4d5e6f',
        macs: ['bc:24:11:2e:c5:4a', 'bc:24:11:2e:c5:4b'],
        ips: ['192.0.2.10', '2001:db8::10'],
      },
    })
    expect([parsed.created_s, parsed.agent]).toEqual(['1709743234', true])
  })

  test('a container’s volumes are its disks; a folder of the node is not', () => {
    const parsed = parseConfig('lxc', {
      rootfs: 'vmstore:subvol-101-disk-0,size=30G',
      mp0: '/mnt/foo/bar,mp=/storage',
      mp1: 'local:101/vm-101-disk-1.raw,mp=/data,size=1T',
      net0: 'name=eth0,bridge=vmbr0,firewall=1,hwaddr=5D:CF:BD:B2:C5:39,ip=192.0.2.7/24,ip6=auto,type=veth',
      lxc: [['lxc.mount.entry', '/dev/dri']],
    })
    expect(parsed.disks.map(({ slot, storage, bytes }) => [slot, storage, bytes])).toEqual([
      ['mp1', 'local', 2n ** 40n],
      ['rootfs', 'vmstore', 30n * 2n ** 30n],
    ])
    expect([parsed.nics[0]?.mac, parsed.ips]).toEqual(['5d:cf:bd:b2:c5:39', ['192.0.2.7']])
  })

  test('sizes are whole bytes or unknown', () => {
    expect(['4M', '1.5G', '100', '0.3K', '1P', '-1G', '99999999999T', undefined].map(sizeOf)).toEqual([
      4_194_304n,
      1_610_612_736n,
      100n,
      ...Array(5).fill(undefined),
    ])
  })

  test('a template is a template, whatever it was made of; QEMU’s run states are told', () => {
    expect(only({ template: 1 }).kind).toBe('template')
    expect(only({ template: '1', type: 'lxc' }).kind).toBe('template')
    expect(only({ template: 0, type: 'lxc' }).kind).toBe('container')
    const states = ['running', 'paused', 'prelaunch', 'stopped', 'io-error', 'unknown', '', undefined, 'toString', 7]
    expect(states.map((status) => only({ status }).state)).toEqual(
      ['running', 'paused', 'paused', 'stopped', 'failed'].concat(Array(5).fill(undefined)),
    )
  })

  test('keys that lack are unknown, not zero; a limit of one and a half processors counts none', () => {
    const bare = guestObservation(only({}), 'running', known('lxc', { rootfs: 'a:b,size=1G', cpulimit: '1.5' }))
    expect(bare.size).toEqual({ disk_bytes: 2 ** 30 })
    expect(bare.attributes).toMatchObject({ cpu_limit: 1.5 })
    expect(guestObservation(only({ maxcpu: 1.5, maxdisk: 7 }), 'running', known('lxc', {})).size).toEqual({
      disk_bytes: 0,
    })
  })

  test('tags become labels, pools are named', () => {
    expect(tagsOf('prod;web')).toEqual(['prod', 'web'])
    expect(tagsOf('b, a  b;')).toEqual(['a', 'b'])
    expect(tagsOf(undefined)).toEqual([])
    const { attributes } = guestObservation(only({ tags: 'acme;web', pool: 'gold' }), 'running', known('qemu', {}))
    expect(attributes).toMatchObject({ pool: 'gold', labels: { acme: 'acme', web: 'web' } })
  })

  test('nothing that fluctuates makes a version', () => {
    const at = (row: Record<string, unknown>) => guestObservation(only(row), 'running', known('qemu', config))
    const busy = { uptime: 9, cpu: 0.9, mem: 8, netin: 7, netout: 6, diskread: 5, diskwrite: 4, lock: 'backup' }
    expect(at({ ...busy, hastate: 'started', disk: 3 })).toEqual(at({ uptime: 1, cpu: 0.1, mem: 1 }))
  })

  test('disks and snapshots are parts of their guest; a snapshot that is taken again under its name is another', () => {
    const snapshots = [
      { name: 'before', snaptime: 1_693_252_591, vmstate: 1 },
      { name: 'current', snaptime: 0 },
    ]
    const parts = partsOf(only({}), { ...known('qemu', config), snapshots })
    const parent = { kind: 'vm', external_id: '100' }
    expect(parts.find(({ external_id }) => external_id === '100/scsi0')).toMatchObject({
      kind: 'disk',
      parent,
      size: { disk_bytes: 2 ** 35 },
      evidence: { serials: ['ABC'] },
    })
    expect(parts.filter(({ kind }) => kind === 'snapshot')).toMatchObject([
      { external_id: '100@before', incarnation: '1693252591', parent, attributes: { with_memory: true } },
    ])
  })

  test('of what agents say, addresses on the guest’s own NICs count, and none that every machine has', () => {
    const mac = 'bc:24:11:89:67:07'
    const result = [
      { name: 'lo', 'hardware-address': '00:00:00:00:00:00', 'ip-addresses': [{ 'ip-address': '127.0.0.1' }] },
      { name: 'docker0', 'hardware-address': '02:42:00:00:00:01', 'ip-addresses': [{ 'ip-address': '172.17.0.1' }] },
      {
        name: 'eth0',
        'hardware-address': mac.toUpperCase(),
        'ip-addresses': [
          { 'ip-address': '192.0.2.9' },
          { 'ip-address': 'fe80::1' },
          { 'ip-address': '169.254.1.1' },
          null,
        ],
      },
    ]
    expect(reportedAddresses({ result }, [mac])).toEqual(['192.0.2.9'])
    const container = [{ name: 'eth0', hwaddr: mac, inet: '192.0.2.8/22', inet6: 'fe80::be24:11ff:fe89:6707/64' }]
    expect(reportedAddresses(container, [mac])).toEqual(['192.0.2.8'])
    for (const odd of [null, 7, {}, { result: 7 }, [null, 1, {}]]) expect(reportedAddresses(odd, [mac])).toEqual([])
  })
})

describe('storage and networks', () => {
  const row = { type: 'storage', plugintype: 'nfs', content: 'backup,iso', maxdisk: 100, disk: 40 }
  test('a shared storage is one, told by the first node that reaches it; a local one is one for each node', () => {
    const all = storages([
      { ...row, id: 'storage/b/nas', storage: 'nas', node: 'b', shared: 1, status: 'available' },
      { ...row, id: 'storage/a/nas', storage: 'nas', node: 'a', shared: '1', status: 'unknown', maxdisk: undefined },
      { ...row, id: 'storage/a/local', storage: 'local', node: 'a', shared: 0, status: 'available' },
      { ...row, id: 'storage/b/local', storage: 'local', node: 'b', status: 'available' },
    ])
    expect([...all.keys()].toSorted()).toEqual(['a/local', 'b/local', 'nas'])
    expect(all.get('nas')).toMatchObject({
      available: ['b'],
      holdsBackups: true,
      observation: { host: null, state: 'running' },
    })
    expect(all.get('nas')?.gauges).toEqual({
      storage_capacity_bytes: 100,
      storage_allocation_bytes: 40,
      storage_available_bytes: 60,
    })
  })

  test('a backup outlives its guest, belongs to its storage, and names whose it is', () => {
    const [store] = storages([{ ...row, id: 'x', storage: 'local', node: 'a', shared: 0 }]).values()
    if (!store) throw new Error('no storage')
    const volid = 'local:backup/vzdump-qemu-100-2023_08_28-12_00_00.vma.zst'
    const list = [
      { volid, content: 'backup', size: 2_147_483_648, ctime: 1_693_252_800 },
      { volid: 'local:iso/x.iso', content: 'iso' },
    ]
    expect(backups(list, store)).toMatchObject([
      {
        external_id: `a/${volid}`,
        incarnation: '1693252800',
        size: { disk_bytes: 2_147_483_648 },
        parent: { kind: 'storage_pool', external_id: 'a/local' },
        attributes: { guest: '100', guest_type: 'qemu' },
      },
    ])
  })

  test('zones hold virtual networks; bridges are the node’s', () => {
    const found = sdn([{ zone: 'z', type: 'vxlan' }], [{ vnet: 'v', zone: 'z', tag: '10', vlanaware: 1 }])
    expect(found.map(({ external_id, parent }) => [external_id, parent?.external_id])).toEqual([
      ['zone/z', undefined],
      ['vnet/v', 'zone/z'],
    ])
    const ifaces = [
      { iface: 'eno1', type: 'eth' },
      { iface: 'vmbr1', type: 'bridge', active: '1', bridge_ports: 'eno1 eno2' },
    ]
    expect(bridges(ifaces, 'a')).toMatchObject([
      { external_id: 'a/vmbr1', host: 'a', state: 'running', attributes: { ports: ['eno1', 'eno2'] } },
    ])
  })
})

const RECORDED = new URL('../../../shared/data/proxmox/', import.meta.url)
interface Recorded {
  method: string
  path: string
  query: Record<string, string> | null
  status: number
  body: { data?: unknown } | null
}
/** Which of our readers reads the answer of a path. */
const READERS: readonly [RegExp, (data: unknown, path: string) => unknown][] = [
  [/^\/cluster\/status$/, parseStatus],
  [/^\/cluster\/sdn\/zones$/, (data) => sdn(data, [])],
  [/^\/cluster\/sdn\/vnets$/, (data) => sdn([], data)],
  [/^\/nodes\/[^/]+\/network$/, (data) => bridges(data, 'n')],
  [/^\/nodes\/[^/]+\/status$/, (data) => nodeDetails(record(data, 'it'))],
  [/\/interfaces$/, (data) => reportedAddresses(data, ['bc:24:11:89:67:07'])],
  [
    /\/rrddata$/,
    (data) =>
      historyReadings(data, { resource: { kind: 'vm', external_id: '1', incarnation: '' }, from_ms: 0, to_ms: 9e12 }),
  ],
  [/\/tasks$/, parseTasks],
  [/^\/access\/permissions$/, (data) => missing(record(data, 'it'), [])],
  [/^\/(pools|storage|cluster\/(ha\/resources|replication))$/, (data) => rows(data, 'it')],
]

for (const file of ['pve7x.json', 'pve8x.json']) {
  const path = new URL(file, RECORDED)
  const recorded = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as { responses: Recorded[] }).responses
    : []
  const good = recorded.filter(
    ({ method, status, query }) => method === 'GET' && status === 200 && !query?.['userid'] && !query?.['path'],
  )
  const dataOf = (wanted: RegExp) => good.filter((one) => wanted.test(one.path)).map((one) => one.body?.data)

  describe(`what was recorded: ${file}`, () => {
    beforeEach((context) =>
      skipWithout(context, recorded.length > 0, 'the recordings that are shared apart are not beside this clone'),
    )

    test('each answer that is read is read', () => {
      let read = 0
      for (const one of good)
        for (const [wanted, reader] of READERS)
          if (wanted.test(one.path)) {
            reader(one.body?.data, one.path)
            read += 1
          }
      expect(read).toBeGreaterThan(8)
    })

    test('the list of resources loses nothing', () => {
      const data = dataOf(/^\/cluster\/resources$/)
        .map((one) => rows(one, 'it'))
        .toSorted((a, b) => b.length - a.length)[0]
      const { guests, nodes, storages: list } = parseResources(data)
      expect(guests.size + nodes.size + list.length).toBe(data?.length)
      expect([...guests.values()].map(({ vmid, kind, state }) => [vmid, kind, state])).toEqual([
        ['100', 'vm', 'running'],
        ['101', 'template', 'stopped'],
        ['102', 'vm', 'stopped'],
        ['200', 'vm', 'stopped'],
      ])
      expect(guests.get('102')?.tags).toEqual(['go-proxmox+cloud-init'])
      expect([...nodes.values()].every(({ online }) => online)).toBe(true)
      expect(storages(list).size).toBe(list.length)
      for (const guest of guests.values())
        Observation.parse(guestObservation(guest, guest.state ?? 'unknown', known(guest.type, {})))
    })

    test('configurations keep disks, NICs and tags', () => {
      for (const type of ['qemu', 'lxc'] as const)
        for (const data of dataOf(new RegExp(`/${type}/\\d+/config$`))) {
          const row = record(data, 'it')
          const parsed = parseConfig(type, row)
          expect(parsed.nics).toHaveLength(1)
          expect(diskBytes(parsed)).toBeGreaterThan(0n)
          const guest = only({ type, ...row })
          const all = known(type, row)
          for (const one of [guestObservation(guest, 'running', all), ...partsOf(guest, all)]) Observation.parse(one)
        }
    })

    test('guests listed by their node, with numbers as text, are the same guests', () => {
      for (const data of dataOf(/\/lxc$/)) {
        const list = rows(data, 'it').map((row) => ({ node: 'n', type: 'lxc', ...row }))
        expect(parseResources(list).guests.size).toBe(list.length)
      }
    })

    test('snapshots are read without the one that is now; backups with their guest', () => {
      for (const data of dataOf(/\/snapshot$/)) {
        const list = rows(data, 'it')
        const found = partsOf(only({}), { ...known('qemu', {}), snapshots: list })
        expect(found).toHaveLength(list.filter(({ name }) => name !== 'current').length)
        for (const one of found) Observation.parse(one)
      }
      const [store] = storages([{ storage: 'local', node: 'n', shared: 0 }]).values()
      if (!store) throw new Error('no storage')
      for (const one of good.filter(({ path: at, query }) => at.endsWith('/storage/local/content') && !query))
        expect(backups(one.body?.data, store)).toMatchObject([
          { attributes: { guest: '100' }, size: { disk_bytes: 2_147_483_648 } },
        ])
    })
  })
}
