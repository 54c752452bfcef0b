/** What the demo's agents say that they host. */
import type { Manifest } from '#connectors/contract.ts'

export const MANIFEST: Manifest = {
  name: 'demo',
  version: '1.0.0',
  title: 'Invented cluster',
  description: 'Hosts and machines that exist only in the demo.',
  realm: 'The name of the cluster',
  kinds: ['host', 'vm'],
  metrics: [],
  supports: 'the demo',
  permissions: 'none',
  default_interval_ms: 60_000,
  settings: { type: 'object', properties: {}, additionalProperties: false },
  secrets: [],
  commands: [],
}
