/** What an agent says at connect: it hosts one connector, one of whose settings is a secret. */
import { NOW } from './reports.ts'

export const greeting = (spool: string) => ({
  protocol: 1,
  oldest_protocol: 1,
  version: '1',
  hostname: 'fuzz',
  spool,
  first_sequence: 1,
  spool_bytes: 0,
  sent_at_ms: NOW,
  manifests: [
    {
      name: 'simulated',
      version: '1',
      title: 'Simulated',
      description: 'A connector that is only told of',
      realm: 'any',
      kinds: ['vm'],
      metrics: ['cpu_time_ns'],
      supports: 'tests',
      permissions: 'none',
      default_interval_ms: 10_000,
      settings: { type: 'object', properties: { url: { type: 'string' } } },
      secrets: ['url'],
    },
  ],
})
