/** The connector for Proxmox VE: clusters with their nodes, guests, storages, networks and backups, over API tokens. */
import { z } from 'zod'
import { type Connector, ConnectorError, type Manifest } from '#connectors/contract.ts'
import { Client } from './client.ts'
import { METRICS } from './counters.ts'
import { ProxmoxSession } from './session.ts'

const Settings = z.strictObject({
  urls: z
    .array(z.url({ protocol: /^https$/ }).max(1_000))
    .min(1)
    .max(32)
    .meta({
      title: 'Addresses',
      description:
        'Of one or several nodes of the cluster, each with its port: the next is asked where one doesn’t answer.',
      examples: [['https://pve1.example:8006', 'https://pve2.example:8006']],
    }),
  token_id: z
    .string()
    .regex(/^[^\s=!@:/]+@[^\s=!@:/]+![A-Za-z][A-Za-z0-9._-]+$/)
    .max(256)
    .meta({ title: 'Token id', description: 'USER@REALM!NAME', examples: ['atalaya@pve!inventory'] }),
  token_secret: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[\x21-\x7e]+$/)
    .meta({ title: 'Token secret', description: 'The UUID that was shown when the token was made.' }),
  ca: z.string().max(65_536).includes('-----BEGIN CERTIFICATE-----').optional().meta({
    title: 'Certificate authority',
    description: 'PEM. A cluster’s own one is /etc/pve/pve-root-ca.pem on any node. No other is believed then.',
    format: 'textarea',
  }),
  fingerprints: z
    .array(z.string().regex(/^([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$/))
    .max(32)
    .optional()
    .meta({
      title: 'Fingerprints',
      description:
        'Instead of an authority: SHA-256 of each node’s certificate, as Proxmox VE shows it (node → System → Certificates).',
    }),
  pools: z
    .array(z.string().min(1).max(128))
    .max(256)
    .optional()
    .meta({ title: 'Pools', description: 'Only guests of these pools; without any, all guests.' }),
})

const manifest: Manifest = {
  name: 'proxmox',
  version: '0.1.0',
  title: 'Proxmox VE',
  description:
    'Clusters, nodes, virtual machines, containers, templates, disks, snapshots, storages, backups and networks, with exact instants from the task log.',
  realm: 'One name per cluster: guests that migrate between its nodes keep their identity in it.',
  kinds: ['cluster', 'host', 'vm', 'container', 'template', 'disk', 'snapshot', 'storage_pool', 'backup', 'network'],
  metrics: METRICS,
  supports: 'Proxmox VE 7, 8 and 9, clusters and single nodes',
  permissions:
    'A token of a user with the role PVEAuditor on / with propagation (VM.Audit, Sys.Audit, Datastore.Audit, Pool.Audit, SDN.Audit): pveum user add atalaya@pve; pveum acl modify / --users atalaya@pve --roles PVEAuditor; pveum user token add atalaya@pve inventory --privsep 0. Backups are shown only with Datastore.AllocateSpace on /storage and VM.Backup on /vms besides; addresses from guest agents need VM.Monitor before version 9.',
  default_interval_ms: 30_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: ['token_secret'],
  commands: [],
}

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = Settings.safeParse(settings)
    if (!parsed.success)
      throw new ConnectorError(
        'bad_settings',
        // never the value: it may be the secret
        parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`).join('; '),
        'Give the addresses of the nodes, the id of the token as USER@REALM!NAME, and its secret.',
      )
    const { urls, token_id, token_secret, ca, fingerprints, pools = [] } = parsed.data
    const bases = [...new Set(urls.map((url) => new URL(url).origin))]
    const client = new Client({ urls: bases, token_id, token_secret, trust: { ca, fingerprints } })
    return new ProxmoxSession(client, pools, await surroundings.memory.get(), surroundings)
  },
}
