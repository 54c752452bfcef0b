/** What Proxmox VE's API answers, damaged, through its connector: clusters, guests, storages, networks, tasks, counters, records. */
import type { Collected, ObservationInput } from '#connectors/contract.ts'
import { parseJson, record, rows } from '#connectors/proxmox/answers.ts'
import { missingRight } from '#connectors/proxmox/client.ts'
import { parseConfig, reportedAddresses } from '#connectors/proxmox/config.ts'
import { advance, type Epoch, guestReadings, nodeReadings, sightOf } from '#connectors/proxmox/counters.ts'
import { departures, taskEvents } from '#connectors/proxmox/events.ts'
import { historyReadings } from '#connectors/proxmox/history.ts'
import type { Observed } from '#connectors/proxmox/look.ts'
import {
  guestObservation,
  incarnationOf,
  type Known,
  parseResources,
  partsOf,
  type Resources,
} from '#connectors/proxmox/map.ts'
import { hostObservation, nodeDetails, nodeSize, parseStatus } from '#connectors/proxmox/nodes.ts'
import { blank, remembered } from '#connectors/proxmox/memory.ts'
import { backups, bridges, sdn, storages } from '#connectors/proxmox/storage.ts'
import { maySeeBackups, missing } from '#connectors/proxmox/survey.ts'
import { parseTasks } from '#connectors/proxmox/tasks.ts'
import { NOW } from '../reports.ts'
import { fixtures } from './fixtures.ts'
import type { Answers, Attempt, ConnectorFuzz } from './index.ts'

const NOTHING: Resources = { guests: new Map(), nodes: new Map(), storages: [], odd: [] }
/** The `data` of an answer, as the client gives it. */
const dataOf = (answers: Answers, name: string): unknown => record(parseJson(answers[name] ?? '', name), name)['data']

function guestsOf(answers: Answers, resources: Resources, attempt: Attempt): Map<string, Observed> {
  const found = new Map<string, Observed>()
  for (const guest of resources.guests.values()) {
    const known = attempt((): Known => {
      const config = parseConfig(guest.type, record(dataOf(answers, `config-${guest.type}`), 'config'))
      const macs = config.nics.map(({ mac }) => mac)
      const ips = attempt(() => reportedAddresses(dataOf(answers, 'interfaces'), macs)) ?? []
      const snapshots = attempt(() => rows(dataOf(answers, 'snapshots'), 'snapshots')) ?? []
      return { config, incarnation: incarnationOf(config, ''), ips, snapshots, ha: undefined, replication: undefined }
    })
    if (!known) continue
    const observation = guestObservation(guest, guest.state ?? 'unknown', known)
    found.set(guest.vmid, { guest, incarnation: known.incarnation, observation, parts: partsOf(guest, known) })
  }
  return found
}

/** Twice, as on two ticks. */
function countersOf(known: ReadonlyMap<string, Observed>, resources: Resources): Collected[] {
  return [...known.values()].flatMap(({ guest, incarnation }) => {
    let epoch: Epoch | undefined
    return [NOW, NOW + 30_000].flatMap((seen_ms) => {
      const sight = sightOf(guest, resources.nodes.get(guest.node), seen_ms)
      if (!sight) return []
      const before = epoch
      epoch = advance(before, sight, NOW - 30_000)
      return guestReadings(guest, incarnation, sight, before, epoch)
    })
  })
}

function otherRows(
  answers: Answers,
  resources: Resources,
  attempt: Attempt,
): { rows: ObservationInput[]; facts: Collected[] } {
  const status = attempt(() => parseStatus(dataOf(answers, 'status')))
  const details = attempt(() => nodeDetails(record(dataOf(answers, 'node-status'), 'status')))
  const stores = [...(attempt(() => storages(resources.storages)) ?? new Map<string, never>()).values()]
  const hosts = [...resources.nodes.values()].map((node) =>
    hostObservation(node, {
      size: nodeSize(node),
      details,
      ip: status?.ips.get(node.name) || undefined,
      cluster: status?.name ?? 'cluster',
    }),
  )
  const [store] = stores
  return {
    rows: [
      ...hosts,
      ...stores.map(({ observation }) => observation),
      ...(attempt(() => sdn(dataOf(answers, 'zones'), dataOf(answers, 'vnets'))) ?? []),
      ...(attempt(() => bridges(dataOf(answers, 'network'), 'pve1')) ?? []),
      ...((store && attempt(() => backups(dataOf(answers, 'content'), store))) ?? []),
    ],
    facts: [
      ...[...resources.nodes.values()].flatMap((node) => nodeReadings(node, NOW)),
      ...stores.map(({ id, gauges }): Collected => {
        const resource = { kind: 'storage_pool' as const, external_id: id }
        return { type: 'readings', seen_at_ms: NOW, resource, gauges }
      }),
    ],
  }
}

function collect(answers: Answers, attempt: Attempt): Collected[] {
  const resources = attempt(() => parseResources(dataOf(answers, 'resources'))) ?? NOTHING
  const known = guestsOf(answers, resources, attempt)
  const others = otherRows(answers, resources, attempt)
  const rights = attempt(() => record(dataOf(answers, 'permissions'), 'permissions'))
  if (rights) for (const { error } of missing(rights, [])) missingRight(error.message)
  if (rights) maySeeBackups(rights)
  const memory = remembered({ ...blank(), seen_ms: NOW })
  for (const [vmid, { guest, incarnation }] of known)
    memory.guests[vmid] = { type: guest.type, kind: guest.kind, node: 'pve9', incarnation }
  const scope = { kind: 'cluster' as const, external_id: 'r' }
  const scene = { memory, after: known, ours: (at_ms: number) => at_ms, cluster: { ...scope, incarnation: '' }, scope }
  const resource = { kind: 'vm' as const, external_id: '100', incarnation: '' }
  const list = [...others.rows, ...[...known.values()].flatMap(({ observation, parts }) => [observation, ...parts])]
  return [
    { type: 'listing', seen_at_ms: NOW, scope, complete: true, resources: list },
    ...others.facts,
    ...countersOf(known, resources),
    ...(attempt(() => taskEvents(parseTasks(dataOf(answers, 'tasks')), scene)) ?? []),
    ...departures(memory, known, new Set(['pve9']), NOW),
    ...(attempt(() => historyReadings(dataOf(answers, 'rrddata'), { resource, from_ms: 0, to_ms: NOW })) ?? []),
  ]
}

export const proxmox: ConnectorFuzz = {
  answers: fixtures('proxmox/fixtures'),
  collect,
  settings: {
    urls: ['https://pve1.example:8006'],
    token_id: 'atalaya@pve!inventory',
    token_secret: '2b1f3c04-6a7e-4d7c-9a55-0d5a4b6f7c11',
    fingerprints: ['80:D4:F2:DF:64:95:CD:8D:A0:82:82:AC:48:BA:C0:7A:1B:6B:87:8B:FE:B9:83:1C:95:4E:79:58:77:99:69:F5'],
    pools: ['gold'],
  },
  connector: () => import('#connectors/proxmox/index.ts'),
}
