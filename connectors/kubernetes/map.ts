/** Objects of Kubernetes' API → our words. Pure. */
import type { ObservationInput, Scope } from '#connectors/contract.ts'
import { lifeOf, type Life, stateOfPod } from './pods.ts'
import { quantity } from './quantity.ts'
import { type Amounts, amountsOf, holdings } from './requests.ts'
import {
  badAnswer,
  defined,
  type Fields,
  fields,
  identifier,
  instantMs,
  isFields,
  type Json,
  list,
  optionalFields,
  sorted,
  text,
  wire,
} from './values.ts'

/** One object as it is kept: what a listing says of it, and the instants that an event may name. */
export interface Row extends Life {
  uid: string
  scope: Scope
  observation: ObservationInput & { incarnation: string }
}

interface Meta {
  uid: string
  name: string
  namespace: string | undefined
  labels: Record<string, Json>
  annotations: Record<string, Json>
  created_ms: number | undefined
  deleted_ms: number | undefined
}

/** Values of labels that change by themselves would make a version each time. */
const VOLATILE = /timestamp|heartbeat|last-|status|checksum|last-applied/i
const ENTRIES_MAX = 256
const ANNOTATION_CHARS = 128

function words(value: unknown, what: string, chars_max: number): Record<string, Json> {
  const all = Object.entries(optionalFields(value, what)).flatMap(([key, said]): [string, Json][] => {
    if (typeof said !== 'string') throw badAnswer(`${what}.${key.slice(0, 60)} is no text`)
    const name = text(key)
    return name === undefined || VOLATILE.test(name) || said.length > chars_max ? [] : [[name, text(said) ?? '']]
  })
  return Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)).slice(0, ENTRIES_MAX))
}

function metaOf(object: Fields): Meta {
  const meta = fields(object['metadata'], 'metadata')
  const namespace = meta['namespace']
  return {
    uid: identifier(meta['uid'], 'metadata.uid', 128),
    name: identifier(meta['name'], 'metadata.name', 253),
    namespace: namespace === undefined ? undefined : identifier(namespace, 'metadata.namespace', 253),
    labels: words(meta['labels'], 'labels', 512),
    annotations: words(meta['annotations'], 'annotations', ANNOTATION_CHARS),
    created_ms: instantMs(meta['creationTimestamp'], 'creationTimestamp'),
    deleted_ms: instantMs(meta['deletionTimestamp'], 'deletionTimestamp'),
  }
}

/** What is in a namespace is listed with it, whatever else is there. */
function placeOf({ name, namespace }: Meta, prefix = '') {
  if (namespace === undefined) throw badAnswer(`${name} is in no namespace`)
  return {
    scope: { kind: 'namespace', external_id: namespace } as const,
    external_id: `${namespace}/${prefix}${name}`,
    parent: { kind: 'namespace', external_id: namespace } as const,
  }
}

const lifeFrom = ({ created_ms, deleted_ms }: Meta): Life => ({
  ...(created_ms !== undefined && { created_ms }),
  ...(deleted_ms !== undefined && { deleted_ms }),
})
const some = <T extends object>(value: T): T | undefined => (Object.keys(value).length > 0 ? value : undefined)
const specOf = (object: Fields) => optionalFields(object['spec'], 'spec')
const statusOf = (object: Fields) => optionalFields(object['status'], 'status')
const addresses = (of: readonly Fields[], key: string): string[] =>
  sorted(of.flatMap((one) => text(one[key], 64) ?? [])).slice(0, 64)
const sizeOf = ({ cpu_millicores, memory_bytes }: Amounts): NonNullable<ObservationInput['size']> => ({
  ...(cpu_millicores !== undefined && { cpu_millicores: wire(cpu_millicores) }),
  ...(memory_bytes !== undefined && { memory_bytes: wire(memory_bytes) }),
})

export function podRow(object: Fields): Row {
  const [meta, spec, status] = [metaOf(object), specOf(object), statusOf(object)]
  const { scope, ...place } = placeOf(meta)
  const limits = holdings(spec, status, 'limits')
  const ips = addresses(list(status['podIPs'], 'podIPs'), 'ip')
  return {
    uid: meta.uid,
    scope,
    ...lifeFrom(meta),
    ...lifeOf(status, meta.deleted_ms !== undefined),
    observation: {
      kind: 'pod',
      ...place,
      incarnation: meta.uid,
      name: meta.name,
      state: stateOfPod(status),
      size: sizeOf(holdings(spec, status, 'requests')),
      host: text(spec['nodeName'], 253) ?? null,
      // a pod on the network of its node has that one's address
      evidence: ips.length > 0 && spec['hostNetwork'] !== true ? { ips } : {},
      attributes: defined({
        labels: some(meta.labels),
        workload: controllerOf(object),
        cpu_limit_millicores: limits.cpu_millicores === undefined ? undefined : wire(limits.cpu_millicores),
        memory_limit_bytes: limits.memory_bytes === undefined ? undefined : wire(limits.memory_bytes),
        qos_class: text(status['qosClass'], 64),
        priority_class: text(spec['priorityClassName'], 253),
        images: some(
          sorted(list(spec['containers'], 'containers').flatMap((one) => text(one['image']) ?? [])).slice(0, 64),
        ),
      }),
    },
  }
}

/**
 * What runs the pod, as `Kind/name`. A Deployment's pods belong to its ReplicaSet, whose name is that of the Deployment with
 * the hash that its controller put into the label `pod-template-hash`.
 */
function controllerOf(object: Fields): string | undefined {
  const meta = fields(object['metadata'], 'metadata')
  const owner = list(meta['ownerReferences'], 'ownerReferences').find((one) => one['controller'] === true)
  const [kind, name] = [text(owner?.['kind'], 63), text(owner?.['name'], 253)]
  if (kind === undefined || name === undefined) return undefined
  const hash = text(optionalFields(meta['labels'], 'labels')['pod-template-hash'], 63)
  const suffix = `-${hash}`
  if (kind === 'ReplicaSet' && hash !== undefined && name.endsWith(suffix) && name.length > suffix.length)
    return `Deployment/${name.slice(0, -suffix.length)}`
  return `${kind}/${name}`
}

/** `Ready`: what the kubelet last said, or Unknown where the control plane hears nothing of it. */
function stateOfNode(status: Fields): ObservationInput['state'] {
  const ready = list(status['conditions'], 'conditions').find((one) => one['type'] === 'Ready')?.['status']
  return ready === 'True' ? 'running' : ready === 'False' ? 'failed' : 'unknown'
}

export function nodeRow(object: Fields, cluster: string): Row {
  const [meta, spec, status] = [metaOf(object), specOf(object), statusOf(object)]
  const info = optionalFields(status['nodeInfo'], 'nodeInfo')
  const capacity = amountsOf(status['capacity'], 'capacity')
  const allocatable = amountsOf(status['allocatable'], 'allocatable')
  const ips = addresses(
    list(status['addresses'], 'addresses').filter(({ type }) => type === 'InternalIP' || type === 'ExternalIP'),
    'address',
  )
  const [smbios_uuid, machine_id] = [text(info['systemUUID'], 64), text(info['machineID'], 64)]
  return {
    uid: meta.uid,
    scope: { kind: 'kubernetes_cluster', external_id: cluster },
    ...lifeFrom(meta),
    observation: {
      kind: 'node',
      external_id: meta.name,
      incarnation: meta.uid,
      name: meta.name,
      state: stateOfNode(status),
      size: {
        ...(capacity.cpu_millicores !== undefined && { vcpu_count: wire((capacity.cpu_millicores + 999n) / 1_000n) }),
        ...sizeOf(capacity),
      },
      parent: { kind: 'kubernetes_cluster', external_id: cluster },
      evidence: defined({ smbios_uuid, machine_id, ips: some(ips) }),
      attributes: defined({
        labels: some(meta.labels),
        provider_id: text(spec['providerID']),
        unschedulable: spec['unschedulable'] === true ? true : undefined,
        allocatable_cpu_millicores:
          allocatable.cpu_millicores === undefined ? undefined : wire(allocatable.cpu_millicores),
        allocatable_memory_bytes: allocatable.memory_bytes === undefined ? undefined : wire(allocatable.memory_bytes),
        operating_system: text(info['osImage'], 256),
        kernel: text(info['kernelVersion'], 256),
        architecture: text(info['architecture'], 64),
        version: text(info['kubeletVersion'], 128),
        container_runtime: text(info['containerRuntimeVersion'], 128),
      }),
    },
  }
}

export function namespaceRow(object: Fields, cluster: string): Row {
  const meta = metaOf(object)
  return {
    uid: meta.uid,
    scope: { kind: 'namespace', external_id: meta.name },
    ...lifeFrom(meta),
    observation: {
      kind: 'namespace',
      external_id: meta.name,
      incarnation: meta.uid,
      name: meta.name,
      // while it is taken down, what is in it may still run
      state: 'running',
      parent: { kind: 'kubernetes_cluster', external_id: cluster },
      attributes: defined({ labels: some(meta.labels), annotations: some(meta.annotations) }),
    },
  }
}

const VOLUME_STATES = { Bound: 'running', Available: 'stopped', Released: 'stopped', Failed: 'failed' } as const
const CLAIM_STATES = { Bound: 'running', Pending: 'stopped', Lost: 'failed' } as const
const known = <T extends string>(states: Readonly<Record<string, T>>, phase: unknown): T | 'unknown' =>
  typeof phase === 'string' && Object.hasOwn(states, phase) ? (states[phase] ?? 'unknown') : 'unknown'
const bytesOf = (resources: unknown, what: string): bigint | undefined => {
  const { storage } = optionalFields(resources, what)
  return storage === undefined ? undefined : quantity(storage, 0, `${what}.storage`)
}

/** Its bytes are in the attributes alone: as a size they would count beside those of its claim. */
export function volumeRow(object: Fields, cluster: string): Row {
  const [meta, spec, status] = [metaOf(object), specOf(object), statusOf(object)]
  const claim = optionalFields(spec['claimRef'], 'claimRef')
  const csi = optionalFields(spec['csi'], 'csi')
  const bytes = bytesOf(spec['capacity'], 'capacity')
  return {
    uid: meta.uid,
    scope: { kind: 'kubernetes_cluster', external_id: cluster },
    ...lifeFrom(meta),
    observation: {
      kind: 'volume',
      external_id: meta.name,
      incarnation: meta.uid,
      name: meta.name,
      state: known(VOLUME_STATES, status['phase']),
      parent: { kind: 'kubernetes_cluster', external_id: cluster },
      attributes: defined({
        labels: some(meta.labels),
        capacity_bytes: bytes === undefined ? undefined : wire(bytes),
        claim: isFields(spec['claimRef']) ? `${text(claim['namespace'], 253)}/${text(claim['name'], 253)}` : undefined,
        storage_class: text(spec['storageClassName'], 253),
        reclaim_policy: text(spec['persistentVolumeReclaimPolicy'], 64),
        driver: text(csi['driver'], 253),
        volume_handle: text(csi['volumeHandle']),
      }),
    },
  }
}

/** What is bound is held, also where more was asked for and is on its way. */
export function claimRow(object: Fields): Row {
  const [meta, spec, status] = [metaOf(object), specOf(object), statusOf(object)]
  const { scope, ...place } = placeOf(meta)
  const bytes = bytesOf(status['capacity'], 'capacity')
  return {
    uid: meta.uid,
    scope,
    ...lifeFrom(meta),
    observation: {
      kind: 'persistent_volume_claim',
      ...place,
      incarnation: meta.uid,
      name: meta.name,
      state: known(CLAIM_STATES, status['phase']),
      size: bytes === undefined ? {} : { disk_bytes: wire(bytes) },
      attributes: defined({
        labels: some(meta.labels),
        volume: text(spec['volumeName'], 253),
        storage_class: text(spec['storageClassName'], 253),
        access_modes: some(
          sorted(Array.isArray(spec['accessModes']) ? spec['accessModes'].flatMap((one) => text(one, 64) ?? []) : []),
        ),
      }),
    },
  }
}

/** Services of other types are no resources: nothing is held for them. */
export function balancerRow(object: Fields): Row | null {
  const [meta, spec, status] = [metaOf(object), specOf(object), statusOf(object)]
  if (spec['type'] !== 'LoadBalancer') return null
  const { scope, ...place } = placeOf(meta)
  const ingress = list(optionalFields(status['loadBalancer'], 'loadBalancer')['ingress'], 'ingress')
  const [ips, names] = [addresses(ingress, 'ip'), sorted(ingress.flatMap((one) => text(one['hostname'], 253) ?? []))]
  return {
    uid: meta.uid,
    scope,
    ...lifeFrom(meta),
    observation: {
      kind: 'load_balancer',
      ...place,
      incarnation: meta.uid,
      name: meta.name,
      // until the cloud gave it an address it balances nothing
      state: ingress.length > 0 ? 'running' : 'stopped',
      size: { ip_count: ips.length },
      evidence: ips.length > 0 ? { ips } : {},
      attributes: defined({
        labels: some(meta.labels),
        class: text(spec['loadBalancerClass'], 253),
        hostnames: some(names),
        ports: some(
          sorted(
            list(spec['ports'], 'ports').flatMap(({ port, protocol }) =>
              typeof port === 'number' ? `${port}/${text(protocol, 16) ?? 'TCP'}` : [],
            ),
          ),
        ),
      }),
    },
  }
}

/** Deployments and their kin; what another one runs (a CronJob's Job) is a part of that. */
export function workloadRow(kind: string, object: Fields): Row | null {
  const meta = metaOf(object)
  if (controllerOf(object) !== undefined) return null
  const { scope, ...place } = placeOf(meta, `${kind}/`)
  const spec = specOf(object)
  const isHeld = spec['suspend'] === true || spec['replicas'] === 0
  const isDone = list(statusOf(object)['conditions'], 'conditions').find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )?.['type']
  return {
    uid: meta.uid,
    scope,
    ...lifeFrom(meta),
    observation: {
      kind: 'workload',
      ...place,
      incarnation: meta.uid,
      name: meta.name,
      state: isDone === 'Failed' ? 'failed' : isHeld || isDone !== undefined ? 'stopped' : 'running',
      attributes: defined({ type: kind, labels: some(meta.labels), schedule: text(spec['schedule'], 128) }),
    },
  }
}
