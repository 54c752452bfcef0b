/** What virsh prints, damaged, through the libvirt connector: hosts, machines, storage, networks, counters and events. */
import type { Collected, ObservationInput } from '#connectors/contract.ts'
import { type Counters, counters, devices, gauges } from '#connectors/libvirt/counters.ts'
import { parseXml } from '#connectors/libvirt/document.ts'
import { parseDomstats, type Stats } from '#connectors/libvirt/domstats.ts'
import { advance, type Epoch, readings } from '#connectors/libvirt/epochs.ts'
import { parseEvent } from '#connectors/libvirt/events.ts'
import { complaints, connectionFailure, isConnectionLost, serious } from '#connectors/libvirt/failures.ts'
import { hostObservation, hostUuid, uptimeMs } from '#connectors/libvirt/hypervisor.ts'
import { type Domain, parseDomain, parseNetwork, parsePool, parseVolume } from '#connectors/libvirt/map.ts'
import { list, type Placement, placement, type Read } from '#connectors/libvirt/placement.ts'
import { apply } from '#connectors/libvirt/transitions.ts'
import { NOW } from '../reports.ts'
import { fixtures } from './fixtures.ts'
import type { Answers, Attempt, ConnectorFuzz } from './index.ts'

const SYSINFO = `<sysinfo type='smbios'><system><entry name='manufacturer'>QEMU</entry><entry name='product'>PC</entry>
<entry name='serial'>ABC-1</entry><entry name='uuid'>00000000-0000-4000-8000-000000001001</entry></system></sysinfo>`
const STDERR = `error: failed to connect to the hypervisor
error: Failed to connect socket to '/var/run/libvirt/libvirt-sock-ro': Permission denied`

function hostOf(answers: Answers, attempt: Attempt): { uuid: string; rows: ObservationInput[] } {
  const text = (name: string) => answers[name] ?? ''
  const { capabilities = '', nodeinfo = '', nodememstats = '', version = '', sysinfo = '', hostname = '' } = answers
  const self = attempt(() => hostObservation({ capabilities, nodeinfo, nodememstats, version, sysinfo, hostname }))
  const uuid = attempt(() => hostUuid(capabilities)) ?? '00000000-0000-4000-8000-000000001001'
  attempt(() => uptimeMs(text('nodecpustats')))
  return { uuid, rows: self ? [self] : [] }
}

interface Storage {
  rows: ObservationInput[]
  readings: Collected[]
}
function storageOf(answers: Answers, host: string, attempt: Attempt): Storage {
  const { pool = '', volume = '', network = '' } = answers
  const found = attempt(() => parsePool(parseXml(pool, 'pool'), true, host))
  const inside = attempt(() => parseVolume(parseXml(volume, 'volume'), found?.uuid ?? host, host))
  const net = attempt(() => parseNetwork(parseXml(network, 'network'), true, host))
  const both = [found, inside].filter((one) => one !== undefined)
  return {
    rows: [...both.map(({ observation }) => observation), ...(net ? [net] : [])],
    readings: both.map(({ observation: { kind, external_id }, gauges: values }) => ({
      type: 'readings',
      seen_at_ms: NOW,
      resource: { kind, external_id },
      gauges: values,
    })),
  }
}

function readsOf(answers: Answers, attempt: Attempt): Map<string, Read> {
  const stats = attempt(() => parseDomstats(answers.domstats ?? '')) ?? new Map<string, Stats>()
  const reads = new Map<string, Read>()
  for (const name of ['domain-running', 'domain-stopped']) {
    const domain = attempt(() => parseDomain(parseXml(answers[name] ?? '', 'domain')))
    // a name that was damaged shall not keep the rest from being read
    const own = domain && (stats.get(domain.name) ?? [...stats.values()].at(-1))
    if (domain && own) reads.set(domain.uuid, { domain, stats: own })
  }
  return reads
}

/** Twice, as on two ticks: the second sees what fell or was added since the first. */
function countersOf(uuid: string, host: string, { domain, stats }: Read): Collected[] {
  const facts: Collected[] = []
  let epoch: Epoch | undefined
  let last: Counters | undefined
  for (const at_ms of [NOW, NOW + 10_000]) {
    const now = counters(domain, stats)
    const added = last && new Map(devices(domain).map((device) => [device, at_ms]))
    epoch = advance(epoch, {
      host,
      domain_id: domain.domain_id ?? '1',
      at_ms,
      devices: devices(domain),
      counters: now,
      last,
      added,
    })
    facts.push(...readings(uuid, at_ms, epoch, now, gauges(stats)))
    last = now
  }
  return facts
}

function eventsOf(answers: Answers, place: Placement, reads: ReadonlyMap<string, Read>, attempt: Attempt): Collected[] {
  const names = new Map([...reads].map(([uuid, { domain }]: [string, { domain: Domain }]) => [domain.name, uuid]))
  const texts = Object.entries(answers).filter(([name]) => name.startsWith('events'))
  return texts.flatMap(([, text]) => {
    const events = attempt(() => text.split('\n').flatMap((line) => parseEvent(line) ?? [])) ?? []
    return attempt(() => apply(place, events, { names, reads }).facts) ?? []
  })
}

function collect(answers: Answers, attempt: Attempt): Collected[] {
  const { uuid: host, rows } = hostOf(answers, attempt)
  const storage = storageOf(answers, host, attempt)
  const reads = readsOf(answers, attempt)
  const place = placement(host)
  const listed = attempt(() => list(place, NOW, reads, new Set()))
  const vms = [...(listed?.contents ?? [])].map(([external_id, content]) => ({
    kind: 'vm' as const,
    external_id,
    ...content,
  }))
  const scope = { kind: 'host' as const, external_id: host }
  const stderr = answers.stderr ?? ''
  serious(complaints(stderr))
  if (isConnectionLost(stderr)) connectionFailure('qemu:///system', stderr)
  return [
    { type: 'listing', seen_at_ms: NOW, scope, complete: true, resources: [...rows, ...storage.rows, ...vms] },
    ...storage.readings,
    ...[...reads].flatMap(([uuid, read]) => attempt(() => countersOf(uuid, host, read)) ?? []),
    ...eventsOf(answers, place, reads, attempt),
  ]
}

export const libvirt: ConnectorFuzz = {
  answers: { ...fixtures('libvirt/fixtures'), sysinfo: SYSINFO, hostname: 'kvm-1.example\n', stderr: STDERR },
  collect,
  settings: { uris: ['qemu:///system', 'qemu+ssh://user@host/system?keyfile=/k', 'qemu+tls://host/system'] },
  connector: () => import('#connectors/libvirt/index.ts'),
}
