/** Reads metrics.k8s.io at each tick, and goes on without it where a cluster has none. */
import type { Collected } from '#connectors/contract.ts'
import { ConnectorError } from '#connectors/wire.ts'
import type { Measured, Measurement } from './allocation.ts'
import { Absent, type Client, type Collection, pathOf } from './client.ts'
import type { Inventory } from './inventory.ts'
import { type Usage, usages } from './usage.ts'

/** Where it isn't, it is looked for again after so long; where it let us wait in vain, after less; else at the next tick. */
const AGAIN_MS = 600_000
const SOON_MS = 60_000

export class Meter {
  readonly #client: Client
  readonly #of: Collection[]
  readonly #log: (message: string, because: string) => void
  #away: { until_ms: number; known: 'absent' | 'silent' } = { until_ms: 0, known: 'absent' }
  /** a measurement that was told isn't told again: it is made anew once or twice a minute */
  #told = new Map<string, number>()

  constructor(
    client: Client,
    namespaces: readonly string[] | undefined,
    log: (message: string, because: string) => void,
  ) {
    const of = { group: 'metrics.k8s.io', version: 'v1beta1' }
    const pods = (namespace?: string): Collection => ({ ...of, resource: 'pods', namespace })
    this.#client = client
    this.#of = namespaces ? namespaces.map((name) => pods(name)) : [{ ...of, resource: 'nodes' }, pods()]
    this.#log = log
  }

  async read(
    inventory: Inventory,
    cluster: string,
    now_ms: number,
    signal: AbortSignal,
  ): Promise<{ facts: Collected[]; measurement: Measurement }> {
    const facts: Collected[] = []
    if (now_ms < this.#away.until_ms) return { facts, measurement: this.#away.known }
    const told = new Map<string, number>()
    const measured = new Map<string, Measured>()
    let measurement: Measurement = measured
    try {
      for (const of of this.#of) {
        const found = usages(await this.#client.get(pathOf(of, {}), { verb: 'list', of }, signal))
        facts.push(...found.flatMap((usage) => this.#fact(usage, inventory, { cluster, now_ms, told })))
        for (const { namespace, name, at_ms, used } of found)
          if (namespace !== undefined) measured.set(`${namespace}/${name}`, { at_ms, ...used })
      }
    } catch (error) {
      if (!(error instanceof Absent) && !(error instanceof ConnectorError)) throw error
      if (signal.aborted) throw error
      const known = isNowhere(error) ? 'absent' : 'silent'
      measurement = known
      const wait_ms = known === 'absent' ? AGAIN_MS : isTimeout(error) ? SOON_MS : 0
      this.#away = { until_ms: now_ms + wait_ms, known }
      this.#log('what pods and nodes use is not told: metrics.k8s.io does not answer', error.message)
    }
    this.#told = told
    return { facts, measurement }
  }

  #fact(
    { name, namespace, at_ms, gauges }: Usage,
    inventory: Inventory,
    { cluster, now_ms, told }: { cluster: string; now_ms: number; told: Map<string, number> },
  ): Collected[] {
    const scope =
      namespace === undefined
        ? { kind: 'kubernetes_cluster' as const, external_id: cluster }
        : { kind: 'namespace' as const, external_id: namespace }
    const [kind, id] = namespace === undefined ? (['node', name] as const) : (['pod', `${namespace}/${name}`] as const)
    const known = inventory.find(scope, kind, id)
    if (!known) return []
    told.set(`${kind} ${id}`, at_ms)
    if (this.#told.get(`${kind} ${id}`) === at_ms) return []
    const resource = { kind, external_id: id, incarnation: known.incarnation ?? '' }
    return [{ type: 'readings', seen_at_ms: Math.min(at_ms, now_ms), resource, gauges }]
  }
}

/** There is none, or it may not be read: the cluster measures nothing for us. Any other failure is one of something that is there. */
const isNowhere = (error: Error): boolean =>
  error instanceof Absent || (error instanceof ConnectorError && error.message.includes('(403)'))
const isTimeout = (error: Error): boolean => error instanceof ConnectorError && error.code === 'timeout'
