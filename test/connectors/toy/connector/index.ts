/** The connector for the toy cloud: its machines and what they send. */
import { z } from 'zod'
import {
  type Collected,
  type Connector,
  ConnectorError,
  type Manifest,
  type Surroundings,
} from '#connectors/contract.ts'
import { pages, type Place } from './client.ts'
import { observation, readings, readPage } from './map.ts'

const Settings = z.strictObject({
  url: z.url({ protocol: /^https$/ }).meta({ title: 'Address', examples: ['https://toy.example'] }),
  token: z.string().min(1).max(1_000).meta({ title: 'Token', description: 'It may read machines, and nothing else.' }),
  ca: z.string().min(1).max(100_000).optional().meta({ title: 'Authority', description: 'PEM, where it is your own.' }),
})

const manifest: Manifest = {
  name: 'toy',
  version: '0.1.0',
  title: 'Toy cloud',
  description: 'Machines of the toy cloud, and the bytes that they send.',
  realm: 'One name for each toy cloud.',
  kinds: ['vm'],
  metrics: ['network_transmit_bytes'],
  supports: 'version 1 of its API',
  permissions: 'A token that may read machines.',
  default_interval_ms: 10_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: ['token'],
  commands: [],
}

async function collect(place: Place, { realm, now, log }: Surroundings, signal: AbortSignal): Promise<Collected[]> {
  const seen_at_ms = now()
  const machines = []
  let complete = true
  try {
    for await (const { at_ms, page } of pages(place, signal, now, (page) => readPage(page).next))
      machines.push(...readPage(page).machines.map((machine) => ({ at_ms, machine })))
  } catch (error) {
    // what was read before is worth telling; without a first page there is nothing to tell but the error
    if (machines.length === 0) throw error
    complete = false
    log('warn', 'toy: the listing is incomplete', { because: error instanceof Error ? error.message : String(error) })
  }
  const resources = machines.map(({ machine }) => observation(machine))
  const scope = { kind: 'cluster' as const, external_id: realm }
  return [
    { type: 'listing', seen_at_ms, scope, complete, resources },
    ...machines.map(({ machine, at_ms }) => readings(machine, at_ms)),
  ]
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
