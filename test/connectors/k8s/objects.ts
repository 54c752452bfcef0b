/** Objects as a cluster's controllers and kubelets write them: nodes, pods through their lives, and thousands of them. */
import { second, type World } from './world.ts'

export const IMAGE = 'registry.example/web:1.27'

export function namespace(world: World, name: string, labels: Record<string, string> = {}): void {
  const own = { 'kubernetes.io/metadata.name': name, ...labels }
  world.make('/namespaces', { name, labels: own, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } })
}

export function node(world: World, name: string, index = 1): void {
  const hex = index.toString(16).padStart(12, '0')
  world.make('/nodes', {
    name,
    labels: {
      'kubernetes.io/hostname': name,
      'topology.kubernetes.io/zone': 'a',
      'node.kubernetes.io/instance-type': 'm4',
    },
    spec: { podCIDR: `10.${index}.0.0/24`, providerID: `openstack:///6b1f5d8a-0000-4000-8000-${hex}` },
    status: {
      capacity: { cpu: '32', memory: '131923456Ki', pods: '250', 'ephemeral-storage': '101430960Ki' },
      allocatable: { cpu: '31500m', memory: '129826304Ki', pods: '250', 'ephemeral-storage': '93478772582' },
      conditions: [
        { type: 'MemoryPressure', status: 'False', lastHeartbeatTime: second(Date.now()) },
        { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: second(Date.now()) },
      ],
      addresses: [
        { type: 'InternalIP', address: `10.0.${index >> 8}.${index & 255}` },
        { type: 'Hostname', address: name },
      ],
      nodeInfo: {
        machineID: `00000000000040008000${hex}`,
        systemUUID: `6b1f5d8a-0000-4000-8000-${hex}`,
        bootID: `11111111-0000-4000-8000-${hex}`,
        kernelVersion: '6.1.0-30-amd64',
        osImage: 'Debian GNU/Linux 12 (bookworm)',
        containerRuntimeVersion: 'containerd://1.7.24',
        kubeletVersion: 'v1.32.3',
        architecture: 'amd64',
        operatingSystem: 'linux',
      },
    },
  })
}

export interface PodMade {
  namespace: string
  name: string
  node?: string
  labels?: Record<string, string>
  requests?: Record<string, string>
  limits?: Record<string, string>
  created_ms?: number
  /** the kilobytes that servers keep with each object about who wrote what */
  bulk?: boolean
}

/** Which fields whom belong to: most of what a real pod weighs. */
const MANAGED = ['kube-controller-manager', 'kubelet'].map((manager) => ({
  manager,
  operation: 'Update',
  apiVersion: 'v1',
  time: '2026-03-01T12:30:00Z',
  fieldsType: 'FieldsV1',
  fieldsV1: {
    'f:metadata': Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`f:field-${manager}-${n}`, { '.': {} }])),
    'f:spec': Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [`f:field-of-the-specification-${n}`, { 'f:x': {}, 'f:y': {} }]),
    ),
  },
}))

/** It is wanted, and has no node yet. */
export function pendingPod(world: World, made: PodMade): string {
  const { namespace: place, name, labels = {}, requests, limits, created_ms, bulk } = made
  world.make('/pods', {
    name,
    namespace: place,
    labels: { app: name.split('-')[0] ?? name, ...labels },
    ...(created_ms !== undefined && { created_ms }),
    ...(bulk && { managedFields: MANAGED }),
    spec: {
      containers: [
        {
          name: 'main',
          image: IMAGE,
          resources: { ...(requests && { requests }), ...(limits && { limits }) },
          volumeMounts: [
            { name: 'kube-api-access', readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' },
          ],
          terminationMessagePath: '/dev/termination-log',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      serviceAccountName: 'default',
      schedulerName: 'default-scheduler',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
      ...(made.node !== undefined && { nodeName: made.node }),
    },
    status: { phase: 'Pending', qosClass: requests ? 'Burstable' : 'BestEffort' },
  })
  return `${place}/${name}`
}

const container = (state: object, restartCount = 0) => ({
  name: 'main',
  image: IMAGE,
  imageID: `${IMAGE}@sha256:00`,
  containerID: 'containerd://0f',
  restartCount,
  ready: 'running' in state,
  started: 'running' in state,
  state,
  lastState: {},
})

/** The kubelet started its container. */
export const startPod = (world: World, id: string, at_ms = Date.now(), on = 'node-1'): void =>
  void world.change('/pods', id, {
    spec: { nodeName: on },
    status: {
      phase: 'Running',
      startTime: second(at_ms),
      hostIP: '10.0.0.1',
      podIPs: [{ ip: '10.1.0.5' }],
      containerStatuses: [container({ running: { startedAt: second(at_ms) } })],
    },
  })

/** Its container ended and none follows it. */
export const endPod = (world: World, id: string, began_ms: number, ended_ms: number, phase = 'Succeeded'): void =>
  void world.change('/pods', id, {
    status: {
      phase,
      containerStatuses: [
        container({
          terminated: {
            exitCode: phase === 'Failed' ? 1 : 0,
            reason: phase === 'Failed' ? 'Error' : 'Completed',
            startedAt: second(began_ms),
            finishedAt: second(ended_ms),
          },
        }),
      ],
    },
  })

/** One that runs. */
export function runningPod(world: World, made: PodMade & { at_ms?: number }): string {
  const at_ms = made.at_ms ?? Date.now()
  const id = pendingPod(world, { created_ms: at_ms, ...made })
  startPod(world, id, at_ms, made.node ?? 'node-1')
  return id
}

/** A cluster of that many pods, on as many nodes as hold them. */
export function crowd(world: World, pods: number, namespaces = 20): void {
  const nodes = Math.ceil(pods / 100)
  for (let n = 1; n <= nodes; n += 1) node(world, `node-${n}`, n)
  for (let n = 1; n <= namespaces; n += 1) namespace(world, `team-${n}`, { team: `t${n}` })
  for (let n = 1; n <= pods; n += 1)
    runningPod(world, {
      namespace: `team-${(n % namespaces) + 1}`,
      name: `web-${n}`,
      node: `node-${(n % nodes) + 1}`,
      requests: { cpu: '250m', memory: '256Mi' },
      limits: { cpu: '1', memory: '512Mi' },
      bulk: true,
      at_ms: Date.now() - 3_600_000,
    })
}
