/** The host itself, from capabilities, nodeinfo, nodememstats, version and sysinfo. Pure. */
import type { Content, ObservationInput } from '#connectors/contract.ts'
import { parseXml } from './document.ts'
import { clip, defined, uuidOf } from './map.ts'
import { attribute, badAnswer, child, children, fromKib, type Node, refuseNul, text, wholeNumber, wire } from './xml.ts'

export interface HostAnswers {
  capabilities: string
  nodeinfo: string
  nodememstats: string
  hostname: string
  version: string
  sysinfo: string
}

/** The UUID under which libvirt itself knows the host. */
export function hostUuid(capabilities: string): string {
  const host = child(parseXml(capabilities, 'capabilities'), 'host')
  if (host === undefined) throw badAnswer('capabilities without host')
  return uuidOf(host, 'host')
}

export function hostObservation(answers: HostAnswers): ObservationInput {
  for (const [name, answer] of Object.entries(answers)) refuseNul(answer, name)
  const uuid = hostUuid(answers.capabilities)
  const cores = wholeNumber(row(answers.nodeinfo, 'CPU(s)'))
  // nodeinfo adds up NUMA cells, which leaves out memory that is in none of them
  const memory = fromKib(wholeNumber(/^(\d+) KiB$/.exec(row(answers.nodememstats, 'total') ?? '')?.[1]))
  const system = systemInformation(answers.sysinfo)
  return {
    kind: 'host',
    external_id: uuid,
    name: clip(answers.hostname.trim() || uuid),
    state: 'running',
    host: uuid,
    size: {
      ...(cores !== undefined && { vcpu_count: wire(cores) }),
      ...(memory !== undefined && { memory_bytes: wire(memory) }),
    },
    evidence: system.evidence,
    attributes: { ...hostAttributes(answers), ...system.attributes },
  }
}

function hostAttributes({ capabilities, nodeinfo, version }: HostAnswers): Content['attributes'] {
  const cpu = child(child(parseXml(capabilities, 'capabilities'), 'host'), 'cpu')
  return defined({
    architecture: text(cpu, 'arch'),
    cpu_vendor: text(cpu, 'vendor'),
    cpu_sockets_count: wholeNumber(row(nodeinfo, 'CPU socket(s)')),
    cpu_cores_per_socket_count: wholeNumber(row(nodeinfo, 'Core(s) per socket')),
    cpu_threads_per_core_count: wholeNumber(row(nodeinfo, 'Thread(s) per core')),
    numa_cells_count: wholeNumber(row(nodeinfo, 'NUMA cell(s)')),
    hypervisor: row(version, 'Running hypervisor'),
    libvirt_version: row(version, 'Using library'),
  })
}

/** `Name:   value` of virsh's tables. */
export function row(table: string, name: string): string | undefined {
  for (const line of table.split('\n')) {
    const colon = line.lastIndexOf(':')
    if (colon > 0 && line.slice(0, colon).trim() === name) return line.slice(colon + 1).trim() || undefined
  }
  return undefined
}

/** How long the host's first processor has been counting: time since its boot, less what another hypervisor stole. */
export function uptimeMs(nodecpustats: string): number | undefined {
  const parts = ['user', 'system', 'idle', 'iowait'].map((name) => wholeNumber(row(nodecpustats, name)) ?? 0n)
  const total = parts.reduce((a, b) => a + b, 0n)
  return total === 0n ? undefined : Number(total / 1_000_000n)
}

interface SystemInformation {
  evidence: NonNullable<Content['evidence']>
  attributes: Content['attributes']
}

/** SMBIOS of the host; machines without it have none. */
function systemInformation(xml: string): SystemInformation {
  if (!xml.includes('<sysinfo')) return { evidence: {}, attributes: {} }
  const system = child(parseXml(xml, 'sysinfo'), 'system')
  const uuid = entry(system, 'uuid')
  const serial = entry(system, 'serial')
  return {
    evidence: {
      ...(uuid !== undefined && uuid.length <= 64 && { smbios_uuid: uuid.toLowerCase() }),
      ...(serial !== undefined && { serials: [clip(serial, 128)] }),
    },
    attributes: defined({ manufacturer: entry(system, 'manufacturer'), model: entry(system, 'product') }),
  }
}

const entry = (node: Node | undefined, name: string): string | undefined =>
  text(children(node, 'entry').find((item) => attribute(item, 'name') === name))?.trim() || undefined
