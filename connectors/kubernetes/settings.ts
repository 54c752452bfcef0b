/** What a person sets of a source, and the manifest that forms are built from. */
import { z } from 'zod'
import type { Manifest } from '#connectors/contract.ts'

const PEM = /-----BEGIN CERTIFICATE-----/
const NAMESPACES_MAX = 32

export const Settings = z.strictObject({
  kubeconfig: z.string().min(1).max(262_144).optional().meta({
    title: 'Kubeconfig',
    description:
      'Everything in one: kubectl config view --raw --flatten --minify. Programs that sign in (exec) are not run.',
    format: 'textarea',
  }),
  context: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .meta({ title: 'Context', description: 'Of the kubeconfig; without one, its current context.' }),
  server: z
    .url({ protocol: /^https$/ })
    .max(1_000)
    .optional()
    .meta({
      title: 'API server',
      description: 'Instead of a kubeconfig, with its authority and a token or a client certificate.',
      examples: ['https://kube.example:6443'],
    }),
  ca: z.string().max(65_536).regex(PEM).optional().meta({
    title: 'Certificate authority',
    description: 'PEM; no other authority is trusted then.',
    format: 'textarea',
  }),
  token: z
    .string()
    .min(1)
    .max(65_536)
    .regex(/^[\x21-\x7e]+$/)
    .optional()
    .meta({ title: 'Token', description: 'Of a service account with the ClusterRole below.' }),
  client_certificate: z
    .string()
    .max(65_536)
    .regex(PEM)
    .optional()
    .meta({ title: 'Client certificate', description: 'PEM, instead of a token.', format: 'textarea' }),
  client_key: z
    .string()
    .max(65_536)
    .regex(/-----BEGIN [A-Z ]*PRIVATE KEY-----/)
    .optional()
    .meta({ title: 'Key of the client certificate', description: 'PEM.', format: 'textarea' }),
  in_cluster: z.boolean().optional().meta({
    title: 'The cluster in which the agent runs',
    description: 'By the service account of its pod: nothing else is needed.',
  }),
  namespaces: z
    .array(
      z
        .string()
        .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/)
        .max(63),
    )
    .min(1)
    .max(NAMESPACES_MAX)
    .optional()
    .meta({
      title: 'Namespaces',
      description: 'Only these, by rights in each of them: no nodes, no volumes. Without any, the whole cluster.',
    }),
  label_selector: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .meta({
      title: 'Label selector',
      description: 'Only pods, workloads, claims and load balancers with these labels, as kubectl’s -l.',
      examples: ['team in (a, b),!internal'],
    }),
})
export type Settings = z.infer<typeof Settings>

export const manifest: Manifest = {
  name: 'kubernetes',
  version: '0.1.0',
  title: 'Kubernetes',
  description:
    'Nodes, namespaces, workloads, pods with what they ask for and use, claims, volumes and load balancers of a cluster, at the instants that it names.',
  realm:
    'The UID of the cluster, which is that of its namespace kube-system: kubectl get namespace kube-system -o jsonpath={.metadata.uid}. Any other name is taken too; a UID is compared with the cluster’s.',
  kinds: [
    'kubernetes_cluster',
    'node',
    'namespace',
    'workload',
    'pod',
    'persistent_volume_claim',
    'volume',
    'load_balancer',
  ],
  metrics: ['cpu_used_cores', 'memory_used_bytes', 'cpu_allocated_millicores', 'memory_allocated_bytes'],
  supports: 'Kubernetes 1.19 and later; usage where metrics.k8s.io answers',
  permissions:
    'A service account with a ClusterRole that may get, list and watch nodes, namespaces, pods, persistentvolumes, persistentvolumeclaims, services, deployments, statefulsets and daemonsets (apps), jobs and cronjobs (batch), and get and list nodes and pods of metrics.k8s.io. As YAML in the README of the connector. For single namespaces the same as Roles.',
  default_interval_ms: 30_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: ['kubeconfig', 'token', 'client_key'],
  commands: [],
}
