/** Reads metrics.k8s.io at each tick, and goes on without it where a cluster has none. */
import type { Collected } from '#connectors/contract.ts'
import { ConnectorError } from '#connectors/wire.ts'
import { Absent, type Client, type Collection, pathOf } from './client.ts'
import type { Inventory } from './inventory.ts'
import { type Usage, usages } from './usage.ts'

/** Where it isn't, it is looked for again after so long. */
const AGAIN_MS = 600_000

export class Meter {
  readonly #client: Client
  readonly #of: Collection[]
  readonly #log: (message: string, because: string) => void
  #away_until_ms = 0
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

  async read(inventory: Inventory, cluster: string, now_ms: number, signal: AbortSignal): Promise<Collected[]> {
    if (now_ms < this.#away_until_ms) return []
    const told = new Map<string, number>()
    const facts: Collected[] = []
    try {
      for (const of of this.#of) {
        const found = usages(await this.#client.get(pathOf(of, {}), { verb: 'list', of }, signal))
        facts.push(...found.flatMap((usage) => this.#fact(usage, inventory, { cluster, now_ms, told })))
      }
    } catch (error) {
      if (!(error instanceof Absent) && !(error instanceof ConnectorError)) throw error
      if (signal.aborted) throw error
      this.#away_until_ms = now_ms + AGAIN_MS
      this.#log('what pods and nodes use is not told: metrics.k8s.io does not answer', error.message)
    }
    this.#told = told
    return facts
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
