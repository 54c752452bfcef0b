/** The connector for example. */
import { z } from 'zod'
import {
  type Collected,
  type Connector,
  ConnectorError,
  type Manifest,
  type Surroundings,
} from '#connectors/contract.ts'
import { type Place, request } from './client.ts'
import { observation, readMachines } from './map.ts'

const Settings = z.strictObject({
  url: z.url({ protocol: /^https$/ }).meta({ title: 'Address', examples: ['https://cloud.test'] }),
  token: z.string().min(1).max(1_000).meta({ title: 'Token', description: 'It may read machines, and nothing else.' }),
  ca: z.string().min(1).max(100_000).optional().meta({ title: 'Authority', description: 'PEM, where it is your own.' }),
})

const manifest: Manifest = {
  name: 'example',
  version: '0.1.0',
  title: 'Example',
  description: 'What it reads, in a sentence for the person who adds a source.',
  realm: 'How the person chooses the name of the whole that ids are unique in.',
  kinds: ['vm'],
  metrics: [],
  supports: 'the versions that were tried',
  permissions: 'The least rights that it needs.',
  default_interval_ms: 10_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: ['token'],
  commands: [],
}

/** One tick: the instant is that of the question, since the answer may come late. */
async function collect(place: Place, { realm, now }: Surroundings, signal: AbortSignal): Promise<Collected[]> {
  const seen_at_ms = now()
  const machines = readMachines(await request(place, '/machines', signal))
  const scope = { kind: 'cluster' as const, external_id: realm }
  return [{ type: 'listing', seen_at_ms, scope, complete: true, resources: machines.map(observation) }]
}

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = Settings.safeParse(settings)
    if (!parsed.success)
      throw new ConnectorError('bad_settings', z.prettifyError(parsed.error), 'Correct the settings of the source.')
    return { collect: (signal) => collect(parsed.data, surroundings, signal), close: async () => {} }
  },
}
