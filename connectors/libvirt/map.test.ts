import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ConnectorError, Observation } from '#connectors/contract.ts'
import { parseXml } from './document.ts'
import { condition, parseDomstats } from './domstats.ts'
import { hostObservation, uptimeMs } from './hypervisor.ts'
import { parseDomain, parseNetwork, parsePool, parseVolume, vmContent } from './map.ts'

const fixture = (name: string) => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8')
const HOST = '00000000-0000-4000-8000-000000001001'
const stats = parseDomstats(fixture('domstats.txt'))
const statsOf = (name: string) => stats.get(name) ?? new Map<string, string>()

test('a running machine is as big as virsh says, to the byte', () => {
  const domain = parseDomain(parseXml(fixture('domain-running.xml'), 'domain'))
  const content = vmContent(domain, statsOf('b'), 'running', HOST, new Map())
  expect(content.size).toEqual({ vcpu_count: 1, memory_bytes: 131072 * 1024, disk_bytes: 67108864 })
  expect(content.evidence).toEqual({ smbios_uuid: domain.uuid, macs: ['52:54:00:7c:89:b1'] })
  expect(content.attributes).toMatchObject({
    vcpu_maximum_count: 2,
    memory_maximum_bytes: 196608 * 1024,
    disks: [{ target: 'vda', source: '/var/lib/libvirt/images/b.qcow2', capacity_bytes: 67108864 }],
    nics: [{ mac: '52:54:00:7c:89:b1', type: 'ethernet', model: 'virtio' }],
  })
})

test('a stopped machine keeps its disks and shows its configured size', () => {
  const domain = parseDomain(parseXml(fixture('domain-stopped.xml'), 'domain'))
  const content = vmContent(domain, statsOf('a'), 'stopped', HOST, new Map())
  expect(content.size).toEqual({ vcpu_count: 1, memory_bytes: 131072 * 1024, disk_bytes: 83886080 })
  expect(domain.domain_id).toBeUndefined()
})

test('an image that can’t be read leaves the size that was known, and no wrong one', () => {
  const domain = parseDomain(parseXml(fixture('domain-stopped.xml'), 'domain'))
  const without = new Map([...statsOf('a')].filter(([key]) => key !== 'block.0.capacity'))
  expect(vmContent(domain, without, 'stopped', HOST, new Map([['vda', 5n]])).size.disk_bytes).toBe(5)
  expect(vmContent(domain, without, 'stopped', HOST, new Map()).size).not.toHaveProperty('disk_bytes')
})

test('CDs, floppies and read-only seeds aren’t disks that the owner has', () => {
  const disk = (attributes: string, target: string, rest = '') =>
    `<disk ${attributes}><source file='/x'/><target dev='${target}' bus='virtio'/>${rest}</disk>`
  const disks =
    disk("device='cdrom'", 'sda', '<readonly/>') + disk("device='disk'", 'vdz', '<readonly/>') + disk('', 'vda')
  const domain = parseDomain(
    parseXml(fixture('domain-running.xml').replace('</devices>', `${disks}</devices>`), 'domain'),
  )
  const capacities = new Map([
    ['vda', 7n],
    ['vdz', 100n],
    ['sda', 1000n],
  ])
  // vda is there twice: once from the recording
  expect(vmContent(domain, new Map(), 'running', HOST, capacities).size.disk_bytes).toBe(14)
})

test('what is above 2⁵³ is told exactly', () => {
  const domain = parseDomain(parseXml(fixture('domain-running.xml'), 'domain'))
  const big = new Map([
    ['block.0.name', 'vda'],
    ['block.0.capacity', '9007199254740993'],
  ])
  expect(vmContent(domain, big, 'running', HOST, new Map()).size.disk_bytes).toBe('9007199254740993')
})

test('the state is libvirt’s, and a pause for a migration isn’t one', () => {
  const of = (state: number, reason: number) =>
    condition(
      new Map([
        ['state.state', `${state}`],
        ['state.reason', `${reason}`],
      ]),
    )
  expect([of(1, 1), of(2, 0), of(4, 1)]).toEqual(['running', 'running', 'running'])
  expect([of(3, 1), of(3, 3), of(7, 0)]).toEqual(['paused', 'paused', 'paused'])
  expect([of(5, 1), of(5, 5), of(5, 4)]).toEqual(['stopped', 'stopped', 'stopped'])
  expect([of(5, 3), of(5, 6), of(6, 1)]).toEqual(['failed', 'failed', 'failed'])
  expect([of(3, 2), of(3, 12), of(3, 11)]).toEqual(['migrating', 'migrating', 'starting'])
  expect(of(99, 0)).toBe('unknown')
})

test('the host is told with its cores and its memory', () => {
  const host = hostObservation({
    capabilities: fixture('capabilities.xml'),
    nodeinfo: fixture('nodeinfo.txt'),
    nodememstats: fixture('nodememstats.txt'),
    version: fixture('version.txt'),
    hostname: 'kvm-host1\n',
    sysinfo:
      "<sysinfo type='smbios'><system><entry name='serial'>S1</entry><entry name='uuid'>0A</entry></system></sysinfo>",
  })
  expect(host).toMatchObject({
    kind: 'host',
    external_id: HOST,
    name: 'kvm-host1',
    size: { vcpu_count: 2, memory_bytes: 24684084 * 1024 },
    evidence: { smbios_uuid: '0a', serials: ['S1'] },
    attributes: { hypervisor: 'QEMU 7.2.22', libvirt_version: 'libvirt 9.0.0', cpu_sockets_count: 1 },
  })
  expect(Observation.safeParse(host).success).toBe(true)
  expect(uptimeMs(fixture('nodecpustats.txt'))).toBe(102490 + 60320 + 2758540 + 1880)
})

test('a unit that libvirt does not know makes no size, whatever word it is', () => {
  for (const unit of ['constructor', '__proto__', 'parsecs']) {
    const document = fixture('volume.xml').replaceAll(/unit='\w+'/g, `unit='${unit}'`)
    expect(() => parseVolume(parseXml(document, 'volume'), HOST, HOST)).toThrow(ConnectorError)
  }
})

test('what fluctuates in storage is a gauge, what doesn’t is the content', () => {
  const pool = parsePool(parseXml(fixture('pool.xml'), 'pool'), true, HOST)
  expect(pool.gauges).toMatchObject({ storage_capacity_bytes: 270553174016 })
  expect(JSON.stringify(pool.observation)).not.toContain('270553174016')
  const volume = parseVolume(parseXml(fixture('volume.xml'), 'volume'), pool.uuid, HOST)
  expect(volume.observation).toMatchObject({
    external_id: `${pool.uuid}:/var/lib/libvirt/images/v 1.qcow2`,
    size: { disk_bytes: 10485760 },
  })
  expect(volume.gauges).toEqual({ storage_allocation_bytes: 200704 })
  const network = parseNetwork(parseXml(fixture('network.xml'), 'network'), false, HOST)
  expect(network).toMatchObject({
    name: 'isolated',
    state: 'stopped',
    attributes: { bridge: 'virbr77', forward: 'isolated' },
  })
  for (const item of [pool.observation, volume.observation, network])
    expect(Observation.safeParse(item).success).toBe(true)
})

/** Returns, or throws what a person can act on; never anything else. */
function survives(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'bad_answer') throw error
  }
}

const PARSERS: ((xml: string) => unknown)[] = [
  (xml) => vmContent(parseDomain(parseXml(xml, 'domain')), new Map(), 'running', HOST, new Map()),
  (xml) => parsePool(parseXml(xml, 'pool'), true, HOST),
  (xml) => parseVolume(parseXml(xml, 'volume'), 'p', HOST),
  (xml) => parseNetwork(parseXml(xml, 'network'), true, HOST),
  (xml) =>
    hostObservation({ capabilities: xml, nodeinfo: xml, nodememstats: xml, hostname: xml, version: xml, sysinfo: xml }),
]

test('hostile XML is refused as a bad answer, and fast', () => {
  const names = ['domain-running.xml', 'pool.xml', 'volume.xml', 'network.xml', 'capabilities.xml']
  const part = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '<__proto__>',
      '<constructor/>',
      "<uuid a='&#0;'>",
      '<!--',
      '<![CDATA[',
      '</domain>',
      '&lol;',
      '<?xml?>',
      '\0',
    ),
  )
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(4000), fc.nat(200), part, (name, at, drop, text) => {
      const xml = fixture(name)
      for (const parse of PARSERS) survives(() => parse(xml.slice(0, at) + text + xml.slice(at + drop)))
    }),
    { numRuns: 300 },
  )
  survives(() => parseXml('<domain>' + '<a>'.repeat(200_000), 'domain'))
  survives(() => parseXml('<domain>' + '<a>'.repeat(60) + '</a>'.repeat(60) + '</domain>', 'domain'))
  expect(() => parseXml('<!DOCTYPE x [<!ENTITY a "aaaa">]><domain>&a;</domain>', 'domain')).toThrow('document type')
  expect(() => parseXml(' '.repeat(5_000_000), 'domain')).toThrow('characters')
})

test('hostile domstats are read or refused', () => {
  const lines = fc.array(
    fc.oneof(
      fc.string(),
      fc.constantFrom("Domain: 'x'", '  block.0.name=vda', '  block.0.capacity=-1', '  net.1.name='),
    ),
  )
  fc.assert(
    fc.property(lines, (texts) => {
      survives(() => {
        for (const [, of] of parseDomstats(texts.join('\n')))
          vmContent(
            parseDomain(parseXml(fixture('domain-running.xml'), 'domain')),
            of,
            condition(of) === 'running' ? 'running' : 'paused',
            HOST,
            new Map(),
          )
      })
    }),
  )
  expect(() => parseDomstats("Domain: 'a'\nDomain: 'a'\n")).toThrow('twice')
})

test('what would be above 2⁶⁴ is left out or taken from elsewhere, never told wrongly', () => {
  const domain = parseDomain(parseXml(fixture('domain-running.xml'), 'domain'))
  const big = new Map([
    ['balloon.current', '18446744073709551615'],
    ['block.0.name', 'vda'],
    ['block.0.capacity', '18446744073709551615'],
  ])
  const twice = { ...domain, disks: [...domain.disks, ...domain.disks] }
  const { size } = vmContent(twice, big, 'running', HOST, new Map())
  expect(size.memory_bytes).toBe(131072 * 1024)
  expect(size).not.toHaveProperty('disk_bytes')
})

test('a gauge is a number, also above 2⁵³', () => {
  const xml = fixture('pool.xml').replace('270553174016', '18446744073709551615')
  expect(parsePool(parseXml(xml, 'pool'), true, HOST).gauges['storage_capacity_bytes']).toBe(2 ** 64)
})

test('an address that is no MAC makes no NIC, and a text with NUL is no answer', () => {
  const xml = fixture('domain-running.xml').replace('52:54:00:7c:89:b1', '52:54:00:7c:89:b1'.repeat(4))
  expect(parseDomain(parseXml(xml, 'domain')).nics).toEqual([])
  expect(() => parseXml(fixture('pool.xml').replace('default', 'a\0b'), 'pool')).toThrow(ConnectorError)
})
