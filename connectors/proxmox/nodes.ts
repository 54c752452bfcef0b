/** Nodes and the cluster that they make → our words. Pure. */
import type { Content, ObservationInput } from '#connectors/contract.ts'
import { badAnswer, defined, flag, number, type Row, rows, text, whole, wire } from './answers.ts'
import type { Node } from './map.ts'

/** What `/nodes/{node}/status` tells beside the row. */
export type NodeDetails = Pick<Content, 'attributes'>

export function nodeDetails(data: Row): NodeDetails {
  const cpu = typeof data['cpuinfo'] === 'object' && data['cpuinfo'] !== null ? (data['cpuinfo'] as Row) : {}
  return {
    attributes: defined({
      version: text(data['pveversion'], 128),
      kernel: text(data['kversion'], 256),
      cpu_model: text(cpu['model'], 256),
      cpu_sockets: number(cpu['sockets']),
      cpu_cores: number(cpu['cores']),
    }),
  }
}

/** How big a node is: an offline one doesn't say, and has not shrunk. */
export function nodeSize({ row }: Node): NonNullable<ObservationInput['size']> {
  const [vcpu, memory] = [whole(row['maxcpu']), whole(row['maxmem'])]
  const size: NonNullable<ObservationInput['size']> = {}
  if (vcpu !== undefined && vcpu > 0n) size.vcpu_count = wire(vcpu)
  if (memory !== undefined && memory > 0n) size.memory_bytes = wire(memory)
  return size
}

export function hostObservation(
  node: Node,
  known: { size: ObservationInput['size']; details: NodeDetails | undefined; ip: string | undefined; cluster: string },
): ObservationInput {
  return {
    kind: 'host',
    external_id: node.name,
    name: node.name,
    // powered off, cut off or broken: the others can't tell
    state: node.online ? 'running' : 'unknown',
    size: known.size,
    parent: { kind: 'cluster', external_id: known.cluster },
    evidence: known.ip === undefined ? {} : { ips: [known.ip] },
    attributes: { hypervisor: 'proxmox-ve', ...known.details?.attributes },
  }
}

/** `/cluster/status`: which nodes are there, and whether this one may speak for them. */
export interface ClusterStatus {
  name: string
  /** a cluster without majority shows what was, not what is */
  quorate: boolean
  online: Map<string, boolean>
  ips: Map<string, string>
}

export function parseStatus(data: unknown): ClusterStatus {
  const all = rows(data, '/cluster/status')
  const cluster = all.find((row) => row['type'] === 'cluster')
  const members = all.filter((row) => row['type'] === 'node')
  const online = new Map(members.map((row) => [text(row['name'], 128) ?? '', flag(row['online'])]))
  const ips = new Map(members.map((row) => [text(row['name'], 128) ?? '', text(row['ip'], 64) ?? '']))
  if (members.length === 0) throw badAnswer('/cluster/status names no node')
  // a node that never joined a cluster speaks for itself
  const name = text(cluster?.['name']) ?? text(members[0]?.['name']) ?? 'cluster'
  return { name, quorate: cluster === undefined || flag(cluster['quorate']), online, ips }
}
