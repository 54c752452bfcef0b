/** What a look says as listings: one for each node, one for the cluster, one for each storage that holds backups. */
import { ConnectorError, LIMITS, type Listing, type ObservationInput } from '#connectors/contract.ts'
import { defined } from './answers.ts'
import type { Look } from './look.ts'
import { hostObservation, nodeSize } from './nodes.ts'
import type { Memory } from './memory.ts'
import { missing, type Needed, type Survey } from './survey.ts'

interface View {
  look: Look
  survey: Survey
  memory: Memory
  realm: string
  pools: readonly string[]
}

export class Listings {
  /** by scope, to give the same array again while nothing changed: the agent reads an array through once */
  readonly #last = new Map<string, { text: string; resources: ObservationInput[] }>()

  of(view: View): Listing[] {
    const { look, memory } = view
    const { nodes } = look.resources
    const all = [...nodes.keys()].map((name) => this.#node(view, name))
    // a node that left the cluster holds nothing any more: the majority says so
    if (look.problems.length === 0)
      for (const name of Object.keys(memory.nodes))
        if (!nodes.has(name)) all.push(this.#listing({ kind: 'host', external_id: name }, look.seen_ms, true, []))
    return [...all, this.#cluster(view), ...this.#backups(view)]
  }

  #node(view: View, name: string): Listing {
    const { look, survey, memory } = view
    const { resources, silent, seen_ms, status } = look
    const scope = { kind: 'host' as const, external_id: name }
    const node = resources.nodes.get(name)
    if (!node) return this.#listing(scope, seen_ms, false, [])
    const parts = survey.nodes.get(name)
    const details = parts?.details.value
    const size = { ...memory.nodes[name], ...nodeSize(node) }
    if (node.online && Object.keys(size).length > 0) memory.nodes[name] = size
    const rows: ObservationInput[] = []
    // an offline node was known before, or says nothing of what it is made of; one that runs is told when it was read
    if (details || !node.online)
      rows.push(hostObservation(node, { size, details, ip: status.ips.get(name) || undefined, cluster: status.name }))
    for (const { guest, observation, parts: own } of look.known.values())
      if (guest.node === name) rows.push(observation, ...own)
    if (node.online) {
      rows.push(...(parts?.bridges.value ?? []))
      for (const store of look.storages.values()) if (!store.shared && store.node === name) rows.push(store.observation)
    }
    const isRead = node.online && !silent.has(name) && details !== undefined && parts?.bridges.value !== undefined
    return this.#listing(scope, seen_ms, isRead && !lacks(view, 'storages'), rows)
  }

  #cluster(view: View): Listing {
    const { look, survey, realm } = view
    const { sdn, pools, version, rights, ha, replication } = survey
    const attributes = defined({
      version: version.value,
      nodes: [...look.status.online.keys()].toSorted(),
      pools: pools.value,
    })
    const { name } = look.status
    const cluster: ObservationInput = { kind: 'cluster', external_id: name, name, state: 'running', attributes }
    const shared = [...look.storages.values()].filter((store) => store.shared).map(({ observation }) => observation)
    const isRead = [sdn, pools, version, rights, ha, replication].every(
      (part) => part.value !== undefined && !part.error,
    )
    const isWhole = look.resources.odd.length === 0
    const complete = isRead && isWhole && !lacks(view, 'storages') && !lacks(view, 'networks')
    const scope = { kind: 'cluster' as const, external_id: realm }
    return this.#listing(scope, look.seen_ms, complete, [cluster, ...shared, ...(sdn.value ?? [])])
  }

  /** Backups are listed where the token may see them all; else nothing is said of them. */
  #backups({ look, survey }: View): Listing[] {
    return [...survey.backups].flatMap(([id, { value, error }]) => {
      if (error) look.problems.push(error)
      const scope = { kind: 'storage_pool' as const, external_id: id }
      return value ? [this.#listing(scope, look.seen_ms, error === undefined, value)] : []
    })
  }

  #listing(scope: Listing['scope'], seen_at_ms: number, complete: boolean, rows: ObservationInput[]): Listing {
    const unique = [...new Map(rows.map((row) => [`${row.kind} ${row.external_id} ${row.incarnation}`, row])).values()]
    if (unique.length > LIMITS.rowsPerSnapshot)
      throw new ConnectorError(
        'limit',
        `the ${scope.kind} ${scope.external_id} holds ${unique.length} resources; ${LIMITS.rowsPerSnapshot} can be listed`,
        'Divide the cluster’s guests by pools over several sources.',
      )
    const key = `${scope.kind} ${scope.external_id}`
    const text = JSON.stringify(unique)
    const before = this.#last.get(key)
    const resources = before?.text === text ? before.resources : unique
    this.#last.set(key, { text, resources })
    return { type: 'listing', seen_at_ms, scope, complete, resources }
  }
}

const lacks = ({ survey, pools }: View, of: Needed): boolean =>
  !survey.rights.value || missing(survey.rights.value, pools).some((one) => one.of === of)
