/** What nodes and pods use, by metrics.k8s.io, where the cluster has it. Pure. */
import { dividedUp, quantity } from './quantity.ts'
import type { Amounts } from './requests.ts'
import { badAnswer, type Fields, fields, identifier, instantMs, list } from './values.ts'

export interface Usage {
  name: string
  namespace: string | undefined
  /** the end of the window that it is an average of */
  at_ms: number
  gauges: { cpu_used_cores: number; memory_used_bytes: number }
  /** the same exactly, a part of a thousandth of a processor as a whole one */
  used: Required<Amounts>
}

const NANOCORES = 1e9
const NANOCORES_IN_MILLICORE = 1_000_000n

/** A NodeMetricsList or a PodMetricsList; what a pod uses is the sum of its containers. */
export function usages(body: Fields): Usage[] {
  if (!Array.isArray(body['items'])) throw badAnswer('the list of metrics has no items')
  return list(body['items'], 'the list of metrics').map((item) => {
    const meta = fields(item['metadata'], 'metadata')
    const at_ms = instantMs(item['timestamp'], 'timestamp')
    if (at_ms === undefined) throw badAnswer('metrics have no timestamp')
    const parts = item['containers'] === undefined ? [item] : list(item['containers'], 'containers')
    let [cpu, memory] = [0n, 0n]
    for (const part of parts) {
      const usage = fields(part['usage'], 'usage')
      cpu += quantity(usage['cpu'] ?? '0', 9, 'usage.cpu')
      memory += quantity(usage['memory'] ?? '0', 0, 'usage.memory')
    }
    return {
      name: identifier(meta['name'], 'metadata.name', 253),
      namespace: meta['namespace'] === undefined ? undefined : identifier(meta['namespace'], 'metadata.namespace', 253),
      at_ms,
      gauges: { cpu_used_cores: Number(cpu) / NANOCORES, memory_used_bytes: Number(memory) },
      used: { cpu_millicores: dividedUp(cpu, NANOCORES_IN_MILLICORE), memory_bytes: memory },
    }
  })
}
