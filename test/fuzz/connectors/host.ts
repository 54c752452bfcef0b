/** /proc of a machine, damaged, through the host connector. */
import type { Collected } from '#connectors/contract.ts'
import { hostResource, type InventoryFacts } from '#connectors/host/listing.ts'
import { diskNames, mountPoints, nicNames, stat } from '#connectors/host/map.ts'
import { firstStays, readings, type Sample } from '#connectors/host/readings.ts'
import { NOW } from '../reports.ts'
import { fixtures } from './fixtures.ts'
import type { Answers, Attempt, ConnectorFuzz } from './index.ts'

const { inventory = '{}', ...proc } = fixtures('host/fixtures/microvm')
const MACHINE = '0123456789abcdef0123456789abcdef'
const STARTED_WITH: InventoryFacts = JSON.parse(inventory) as InventoryFacts

const SPACE = {
  block_bytes: 4_096n,
  blocks: 10n ** 9n,
  blocks_available: 10n ** 8n,
  inodes: 10n ** 6n,
  inodes_free: 10n,
}

function sampleOf(answers: Answers): Sample {
  const text = (name: string) => answers[name] ?? ''
  const [diskstats, net_dev] = [text('diskstats'), text('net_dev')]
  return {
    stat: text('stat'),
    meminfo: text('meminfo'),
    loadavg: text('loadavg'),
    uptime: text('uptime'),
    diskstats,
    net_dev,
    pressure: { cpu: text('pressure_cpu'), io: text('pressure_io'), memory: text('pressure_memory') },
    processes: 100,
    spaces: mountPoints(text('mounts'), () => false).map((mount) => [mount, SPACE]),
    physical_disks: new Map(diskNames(diskstats).map((name, at) => [name, String(at)])),
    physical_nics: new Map(
      nicNames(net_dev)
        .slice(1)
        .map((name) => [name, '2']),
    ),
  }
}

/** Texts that come from firmware and drives, and so are whatever their makers put there. */
function inventoryOf(answers: Answers): InventoryFacts {
  const [model = '', serial = '', mac = '', ip = ''] = (answers.firmware ?? '').split('\n')
  return {
    ...STARTED_WITH,
    firmware: true,
    machine: { manufacturer: model, model, serial, uuid: serial },
    modules: [{ bank: model, type: model, manufacturer: model, partNum: serial, serialNum: serial, size: 1 }],
    disks: [{ name: 'vda', size_bytes: '1', rotational: false, model, serial, vendor: model }],
    nics: [{ name: 'eth0', mac, ips: [ip], physical: true }],
  }
}

function collect(answers: Answers, attempt: Attempt): Collected[] {
  const resources = attempt(() => [hostResource(inventoryOf(answers), MACHINE)]) ?? []
  const scope = { kind: 'host' as const, external_id: MACHINE }
  const facts = attempt(() => {
    const sample = sampleOf(answers)
    const identity = { machine_id: MACHINE, boot_id: 'boot', origin_ms: stat(sample.stat).booted_s * 1_000 }
    const first = firstStays({ boot_id: 'boot', stays: { vda: '7' } }, 'boot', sample)
    const before = readings(sample, identity, NOW, first)
    const counters = before[0]?.type === 'readings' ? before[0].counters : {}
    return [...before, ...readings(sample, identity, NOW, first, counters as Record<string, number | string>)]
  })
  return [{ type: 'listing', seen_at_ms: NOW, scope, complete: true, resources }, ...(facts ?? [])]
}

export const host: ConnectorFuzz = {
  answers: { ...proc, firmware: 'PowerEdge R650\nABC-1234\n52:54:00:7c:89:b1\n192.0.2.1' },
  collect,
  settings: { exclude_mounts: ['/var/lib/docker/**', '/mnt/[a-z]*'] },
  connector: () => import('#connectors/host/index.ts'),
}
