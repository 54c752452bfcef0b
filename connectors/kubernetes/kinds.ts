/** What is followed: each type of Kubernetes' API and what its objects are in our words. */
import type { Collection } from './client.ts'
import { balancerRow, claimRow, namespaceRow, nodeRow, podRow, type Row, volumeRow, workloadRow } from './map.ts'
import type { Settings } from './settings.ts'
import type { Fields } from './values.ts'

type Mapping = (object: Fields, cluster: string) => Row | null
interface Followed {
  resource: string
  group: string
  map: Mapping
}

const workload =
  (kind: string): Mapping =>
  (object) =>
    workloadRow(kind, object)

/** Of the cluster as a whole. */
const OF_CLUSTER: readonly Followed[] = [
  { resource: 'namespaces', group: '', map: namespaceRow },
  { resource: 'nodes', group: '', map: nodeRow },
  { resource: 'persistentvolumes', group: '', map: volumeRow },
]
const IN_NAMESPACES: readonly Followed[] = [
  { resource: 'pods', group: '', map: podRow },
  { resource: 'persistentvolumeclaims', group: '', map: claimRow },
  { resource: 'services', group: '', map: balancerRow },
  { resource: 'deployments', group: 'apps', map: workload('Deployment') },
  { resource: 'statefulsets', group: 'apps', map: workload('StatefulSet') },
  { resource: 'daemonsets', group: 'apps', map: workload('DaemonSet') },
  { resource: 'cronjobs', group: 'batch', map: workload('CronJob') },
  { resource: 'jobs', group: 'batch', map: workload('Job') },
]

export interface Wanted {
  of: Collection
  map: Mapping
}

/** With single namespaces nothing of the whole cluster is asked for: rights in those are enough. */
export function wanted({ namespaces, label_selector: selector }: Settings): Wanted[] {
  const of = ({ resource, group, map }: Followed, more: Partial<Collection>): Wanted => ({
    of: { resource, group, version: 'v1', ...more },
    map,
  })
  const places: (string | undefined)[] = namespaces ? [...new Set(namespaces)] : [undefined]
  return [
    ...(namespaces ? [] : OF_CLUSTER.map((one) => of(one, {}))),
    ...places.flatMap((namespace) => IN_NAMESPACES.map((one) => of(one, { namespace, selector }))),
  ]
}

export const keyOf = ({ resource, group, namespace = '' }: Collection): string => `${namespace}/${resource}.${group}`
