/** Objects as the API documents them → our words. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ConnectorError, Observation } from '#connectors/contract.ts'
import { balancerRow, claimRow, namespaceRow, nodeRow, podRow, type Row, volumeRow, workloadRow } from './map.ts'
import type { Fields } from './values.ts'

const CLUSTER = '0f1e2d3c-0000-4000-8000-000000000000'
const itemsOf = (name: string): Fields[] =>
  (JSON.parse(readFileSync(new URL(`./fixtures/${name}.json`, import.meta.url), 'utf8')) as { items: Fields[] }).items
const item = (name: string, index = 0): Fields => {
  const found = itemsOf(name)[index]
  if (!found) throw new Error(`${name} has no ${index}`)
  return found
}
const said = (row: Row | null) => {
  if (!row) throw new Error('it is no resource')
  return Observation.parse(row.observation)
}
// oxlint-disable-next-line typescript/no-explicit-any -- what is changed here is any part of any object
type Any = Record<string, any>
const changed = (name: string, index: number, change: (object: Any) => void): Fields => {
  const copy = structuredClone(item(name, index)) as Any
  change(copy)
  return copy
}

test('a pod is told with its node, its namespace, its owner and what it asks for by the scheduler’s rule', () => {
  const row = podRow(item('pods'))
  expect(said(row)).toMatchObject({
    kind: 'pod',
    external_id: 'shop/web-7c5ddbdf54-x2x7k',
    incarnation: 'c0de0000-0000-4000-8000-000000000001',
    state: 'running',
    host: 'worker-1',
    parent: { kind: 'namespace', external_id: 'shop' },
    // migrate needed 1.5 beside the sidecar's 0.05, more than all of them hold together
    size: { cpu_millicores: 1_550, memory_bytes: 32 * 2 ** 20 + 256 * 2 ** 20 + 64_000_000 },
    evidence: { ips: ['10.42.1.7', 'fd00:42::7'] },
    attributes: {
      workload: 'Deployment/web',
      cpu_limit_millicores: 2_100,
      memory_limit_bytes: 64 * 2 ** 20 + 512 * 2 ** 20 + 64_000_000,
      qos_class: 'Burstable',
      priority_class: 'gold',
      labels: { app: 'web', 'pod-template-hash': '7c5ddbdf54' },
    },
  })
  expect(row.scope).toEqual({ kind: 'namespace', external_id: 'shop' })
})

test('a pod that lived for 20 seconds bears the instants of its container', () => {
  const row = podRow(item('pods', 1))
  expect(row).toMatchObject({
    created_ms: Date.parse('2026-03-01T12:20:00Z'),
    began_ms: Date.parse('2026-03-01T12:20:02Z'),
    ended_ms: Date.parse('2026-03-01T12:20:22Z'),
    ended_as: 'stopped',
  })
  expect(said(row)).toMatchObject({ state: 'stopped', attributes: { workload: 'Job/mail-29211120' } })
})

test('the overhead of a runtime counts as asked for, and the address of a node is no pod’s', () => {
  const pod = said(podRow(item('pods', 1)))
  expect(pod.size).toEqual({ cpu_millicores: 1_250, memory_bytes: 2 ** 30 + 120 * 2 ** 20 })
  expect(pod.evidence).toEqual({})
  expect(pod.attributes).not.toHaveProperty('cpu_limit_millicores')
})

test('a pod whose image does not come holds what it asks for and does not run', () => {
  const pod = said(podRow(item('pods', 2)))
  expect(pod).toMatchObject({ state: 'paused', size: {} })
  const homeless = changed('pods', 2, (it) => delete it['status'].startTime)
  expect(said(podRow(homeless)).state).toBe('stopped')
})

test('while init containers run the pod runs, and a restarted container moves no beginning', () => {
  const initial = changed('pods', 0, (it) => {
    it['status'].phase = 'Pending'
    it['status'].containerStatuses = []
  })
  expect(podRow(initial)).toMatchObject({
    observation: { state: 'running' },
    began_ms: Date.parse('2026-03-01T12:00:03Z'),
  })
  const restarted = changed('pods', 0, (it) => {
    it['status'].initContainerStatuses = []
    const [main] = it['status'].containerStatuses
    main.lastState = { terminated: { startedAt: '2026-03-01T12:00:08Z', finishedAt: '2026-03-01T12:10:00Z' } }
    main.state = { running: { startedAt: '2026-03-01T12:10:05Z' } }
  })
  const row = podRow(restarted)
  expect(row.began_ms).toBe(Date.parse('2026-03-01T12:00:08Z'))
  expect(row).not.toHaveProperty('ended_ms')
})

test('a container between two runs ends no pod, and one that is being deleted it does', () => {
  const between = (deleted: boolean) =>
    podRow(
      changed('pods', 1, (it) => {
        it['status'].phase = 'Running'
        if (deleted) it['metadata'].deletionTimestamp = '2026-03-01T12:20:50Z'
      }),
    )
  expect(between(false)).not.toHaveProperty('ended_ms')
  expect(between(true).ended_ms).toBe(Date.parse('2026-03-01T12:20:22Z'))
})

test('pod-level resources and a resize under way count for what is held', () => {
  const whole = changed('pods', 0, (it) => (it['spec'].resources = { requests: { cpu: '3', memory: '1Gi' } }))
  expect(said(podRow(whole)).size).toEqual({ cpu_millicores: 3_000, memory_bytes: 2 ** 30 })
  const shrinking = changed('pods', 1, (it) => {
    it['status'].containerStatuses[0].allocatedResources = { cpu: '4', memory: '512Mi' }
  })
  expect(said(podRow(shrinking)).size).toEqual({ cpu_millicores: 4_250, memory_bytes: 2 ** 30 + 120 * 2 ** 20 })
})

test('a resize that a node can never give is not held, one that waits is, and what is still in force counts', () => {
  const resized = (reason: string, requests: object) =>
    said(
      podRow(
        changed('pods', 1, (it) => {
          it['status'].conditions = [{ type: 'PodResizePending', status: 'True', reason }]
          it['status'].containerStatuses[0].resources = { requests }
          it['status'].containerStatuses[0].allocatedResources = { cpu: '500m', memory: '1Gi' }
        }),
      ),
    ).size
  const now = { cpu: '500m', memory: '1Gi' }
  expect(resized('Infeasible', now)).toMatchObject({ cpu_millicores: 750 })
  expect(resized('Deferred', now)).toMatchObject({ cpu_millicores: 1_250 })
  expect(resized('Infeasible', { cpu: '2', memory: '1Gi' })).toMatchObject({ cpu_millicores: 2_250 })
  const older = changed('pods', 1, (it) => {
    it['status'].resize = 'Infeasible'
    it['status'].containerStatuses[0].allocatedResources = now
  })
  expect(said(podRow(older)).size).toMatchObject({ cpu_millicores: 750 })
  const whole = changed('pods', 0, (it) => {
    it['spec'].resources = { requests: { cpu: '3', memory: '1Gi' } }
    it['status'].allocatedResources = { cpu: '4' }
  })
  expect(said(podRow(whole)).size).toEqual({ cpu_millicores: 4_000, memory_bytes: 2 ** 30 })
})

test('a node shows by what the machine beneath is recognised, and what pods may have of it', () => {
  expect(said(nodeRow(item('nodes'), CLUSTER))).toMatchObject({
    kind: 'node',
    external_id: 'worker-1',
    state: 'running',
    size: { vcpu_count: 8, cpu_millicores: 8_000, memory_bytes: 32_880_644 * 1_024 },
    evidence: {
      smbios_uuid: '6b1f5d8a-3a54-4b61-8c1d-0f2f6c4f9b21',
      machine_id: '0b3f9d0c5a6e4b8f9c1d2e3f4a5b6c7d',
      ips: ['10.0.0.11', '203.0.113.11'],
    },
    attributes: {
      provider_id: 'openstack:///6b1f5d8a-3a54-4b61-8c1d-0f2f6c4f9b21',
      allocatable_cpu_millicores: 7_910,
      allocatable_memory_bytes: 31_857_668 * 1_024,
      version: 'v1.32.3',
    },
  })
  expect(said(nodeRow(item('nodes', 1), CLUSTER))).toMatchObject({
    state: 'unknown',
    attributes: { unschedulable: true },
  })
  const broken = changed('nodes', 0, (it) => (it['status'].conditions[1].status = 'False'))
  expect(said(nodeRow(broken, CLUSTER)).state).toBe('failed')
})

test('a heartbeat, a time stamp in a label, and what a controller writes change nothing of what is said', () => {
  const beaten = changed('nodes', 0, (it) => {
    for (const one of it['status'].conditions) one.lastHeartbeatTime = '2026-03-01T12:34:30Z'
    it['metadata'].resourceVersion = '48999'
    it['metadata'].labels['nvidia.com/gfd.timestamp'] = '1772366999'
  })
  expect(nodeRow(beaten, CLUSTER)).toEqual(nodeRow(item('nodes'), CLUSTER))
  const [shop] = itemsOf('namespaces')
  expect(said(namespaceRow(shop ?? {}, CLUSTER)).attributes).toEqual({
    labels: { customer: 'c-1042', 'kubernetes.io/metadata.name': 'shop' },
    annotations: { 'openshift.io/requester': 'ana' },
  })
})

test('a claim holds what is bound, not what was asked for, and its volume says no size beside it', () => {
  expect(said(claimRow(item('claims')))).toMatchObject({
    kind: 'persistent_volume_claim',
    external_id: 'shop/data-db-0',
    state: 'running',
    size: { disk_bytes: 10 * 2 ** 30 },
    attributes: { volume: 'pvc-1f0e', storage_class: 'fast' },
  })
  expect(said(claimRow(item('claims', 1)))).toMatchObject({ state: 'stopped', size: {} })
  const volume = said(volumeRow(item('volumes'), CLUSTER))
  expect(volume).toMatchObject({
    kind: 'volume',
    size: {},
    attributes: { capacity_bytes: 10 * 2 ** 30, claim: 'shop/data-db-0' },
  })
})

test('a service is a load balancer where its type is that, with the addresses that it was given', () => {
  expect(said(balancerRow(item('services')))).toMatchObject({
    kind: 'load_balancer',
    external_id: 'shop/web',
    state: 'running',
    size: { ip_count: 1 },
    evidence: { ips: ['203.0.113.80'] },
    attributes: { ports: ['443/TCP', '443/UDP'], class: 'metallb' },
  })
  expect(balancerRow(item('services', 1))).toBeNull()
})

test('a workload stays the same whatever its replicas do, and what a CronJob runs is no workload of its own', () => {
  const deployment = workloadRow('Deployment', item('workloads'))
  expect(said(deployment)).toMatchObject({
    external_id: 'shop/Deployment/web',
    state: 'running',
    attributes: { type: 'Deployment' },
  })
  const scaled = changed('workloads', 0, (it) => (it['spec'].replicas = 9))
  expect(workloadRow('Deployment', scaled)).toEqual(deployment)
  const owned = changed('workloads', 0, (it) => {
    it['metadata'].ownerReferences = [{ kind: 'CronJob', name: 'nightly', controller: true }]
  })
  expect(workloadRow('Job', owned)).toBeNull()
})

test('an object that is not as documented is an error, not a guess', () => {
  const wrong: ((it: Any) => void)[] = [
    (it) => delete it['metadata'].uid,
    (it) => delete it['metadata'].namespace,
    (it) => (it['metadata'].name = ''),
    (it) => (it['metadata'].labels = ['app']),
    (it) => (it['metadata'].creationTimestamp = 'yesterday'),
    (it) => (it['spec'].containers[0].resources.requests.cpu = 'some'),
    (it) => (it['status'].containerStatuses = 'none'),
  ]
  for (const change of wrong) expect(() => podRow(changed('pods', 0, change)), String(change)).toThrow(ConnectorError)
})
