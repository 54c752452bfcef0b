/** What Kubernetes' API answers, damaged, through its connector: objects of each type, their lives, and what they use. */
import type { Collected } from '#connectors/contract.ts'
import { Allocation } from '#connectors/kubernetes/allocation.ts'
import { goneAt, stepsBetween, told } from '#connectors/kubernetes/changes.ts'
import { refusal } from '#connectors/kubernetes/client.ts'
import {
  balancerRow,
  claimRow,
  namespaceRow,
  nodeRow,
  podRow,
  type Row,
  volumeRow,
  workloadRow,
} from '#connectors/kubernetes/map.ts'
import { usages } from '#connectors/kubernetes/usage.ts'
import { badAnswer, type Fields, fields, list } from '#connectors/kubernetes/values.ts'
import { NOW } from '../reports.ts'
import { fixtures } from './fixtures.ts'
import type { Answers, Attempt, ConnectorFuzz } from './index.ts'

const CLUSTER = '0f1e2d3c-0000-4000-8000-000000000000'
const SCOPE = { kind: 'kubernetes_cluster' as const, external_id: CLUSTER }

const MAPS: Readonly<Record<string, (object: Fields) => Row | null>> = {
  nodes: (object) => nodeRow(object, CLUSTER),
  namespaces: (object) => namespaceRow(object, CLUSTER),
  pods: podRow,
  claims: claimRow,
  volumes: (object) => volumeRow(object, CLUSTER),
  services: balancerRow,
  workloads: (object) => workloadRow('Deployment', object),
}

/** As the client reads it. */
function bodyOf(text: string): Fields {
  try {
    return fields(JSON.parse(text), 'the answer')
  } catch {
    throw badAnswer('it is not JSON')
  }
}

function rowsOf(answers: Answers, attempt: Attempt): Row[] {
  return Object.entries(MAPS).flatMap(([name, map]) => {
    const items = attempt(() => list(bodyOf(answers[name] ?? '')['items'], name)) ?? []
    return items.flatMap((object) => attempt(() => map(object)) ?? [])
  })
}

/** As when they are seen for the first time, and go at once. */
const lives = (row: Row): Collected[] => {
  const gone = { at_ms: goneAt(row, NOW - 60_000, NOW), change: 'deleted', content: null }
  const facts = told(row, [...stepsBetween(undefined, row, 0), gone], NOW - 3_600_000, NOW)
  return row.began_ms === undefined ? facts : [...facts, ...new Allocation(30_000).began(row, row.began_ms, NOW)]
}

/** What the pods among them are allocated, by what was measured of all that bear a name. */
function allocated(rows: readonly Row[], answers: Answers, attempt: Attempt): Collected[] {
  const used = attempt(() => usages(bodyOf(answers['pod-metrics'] ?? ''))) ?? []
  const measured = new Map(used.map((one) => [`${one.namespace}/${one.name}`, { at_ms: one.at_ms, ...one.used }]))
  return new Allocation(30_000).tick(rows, measured, { at_ms: NOW, isSure: () => true })
}

function usageOf(answers: Answers, attempt: Attempt): Collected[] {
  return (['node-metrics', 'pod-metrics'] as const).flatMap((name) =>
    (attempt(() => usages(bodyOf(answers[name] ?? ''))) ?? []).map(({ name: id, at_ms, gauges }): Collected => {
      const resource = { kind: 'node' as const, external_id: id }
      return { type: 'readings', seen_at_ms: Math.min(at_ms, NOW), resource, gauges }
    }),
  )
}

export const kubernetes: ConnectorFuzz = {
  answers: fixtures('kubernetes/fixtures'),
  collect(answers, attempt) {
    const rows = rowsOf(answers, attempt)
    for (const text of Object.values(answers))
      refusal('https://kube.test', 403, text, { verb: 'list', of: { resource: 'pods', group: '', version: 'v1' } })
    return [
      {
        type: 'listing',
        seen_at_ms: NOW,
        scope: SCOPE,
        complete: true,
        resources: rows.map(({ observation }) => observation),
      },
      ...rows.flatMap(lives),
      ...usageOf(answers, attempt),
      ...allocated(rows, answers, attempt),
    ]
  },
  settings: {
    server: 'https://kube.test:6443',
    token: 'not-a-real-one',
    namespaces: ['shop'],
    label_selector: 'team=a',
  },
  connector: () => import('#connectors/kubernetes/index.ts'),
}
