/** The connector for Pterodactyl: the game servers of a panel with their limits and owners, its nodes and locations. */
import { z } from 'zod'
import {
  type Collected,
  type Connector,
  ConnectorError,
  LIMITS,
  type Manifest,
  type ObservationInput,
  type Surroundings,
} from '#connectors/contract.ts'
import { asOne } from '#connectors/failures.ts'
import { type List, Missing, type Panel, rowsOf } from './client.ts'
import { gameServer, host, site } from './map.ts'
import type { Row } from './page.ts'

const Settings = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .max(1_000)
    .meta({
      title: 'Address',
      description: 'Of the panel. Over http the key can be read on the way.',
      examples: ['https://panel.example.com'],
    }),
  key: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[\x21-\x7e]+$/)
    .meta({ title: 'Application key', description: 'Made under Admin → Application API; it begins with ptla_.' }),
  ca: z.string().max(65_536).includes('-----BEGIN CERTIFICATE-----').optional().meta({
    title: 'Certificate authority',
    description: 'PEM; no other authority is trusted then.',
    format: 'textarea',
  }),
  fingerprints: z
    .array(z.string().regex(/^([0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2}$/))
    .max(32)
    .optional()
    .meta({ title: 'Fingerprints', description: 'Instead of an authority: SHA-256 of the panel’s certificate.' }),
})

const manifest: Manifest = {
  name: 'pterodactyl',
  version: '0.1.0',
  title: 'Pterodactyl',
  description: 'Game servers with their limits and owners, nodes and locations of a panel.',
  realm: 'One name for each panel, such as its host name: numbers of servers and nodes are unique in it.',
  kinds: ['site', 'host', 'game_server'],
  metrics: [],
  supports: 'Pterodactyl 1.7 and later of version 1, and Pelican, by the application API',
  permissions:
    'An application key that may read Servers, Nodes, Locations and Users; with Allocations addresses are shown too. Nothing needs to be written.',
  default_interval_ms: 60_000,
  settings: z.record(z.string(), z.json()).parse(z.toJSONSchema(Settings, { io: 'input' })),
  secrets: ['key'],
  commands: [],
}

interface Part {
  list: List
  include: string
  observe: (row: Row) => ObservationInput
}
const PARTS: readonly Part[] = [
  { list: 'locations', include: '', observe: site },
  { list: 'nodes', include: '', observe: host },
  { list: 'servers', include: 'user,allocations', observe: gameServer },
]

/** What can't be read is left out and told; what was read goes out as an incomplete listing. */
async function collect(panel: Panel, around: Surroundings, signal: AbortSignal): Promise<Collected[]> {
  const seen_at_ms = around.now()
  const resources: ObservationInput[] = []
  let failures: ConnectorError[] = []
  const attempt = async (step: () => Promise<void> | void) => {
    try {
      await step()
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error
      failures.push(error)
    }
  }
  for (const { list, include, observe } of PARTS) {
    // what refuses, limits or hangs once isn't asked again in this tick
    if (failures.some(isOfAll)) break
    await attempt(async () => {
      for (const row of await rowsOf(panel, list, include, (odd) => void failures.push(odd), signal))
        await attempt(() => void resources.push(observe(row)))
    })
  }
  // Pelican has no locations, and its nodes are in none
  const hosts = resources.filter(({ kind }) => kind === 'host')
  if (hosts.length > 0 && hosts.every(({ parent }) => parent === undefined))
    failures = failures.filter((error) => !(error instanceof Missing && error.list === 'locations'))
  if (resources.length > LIMITS.rowsPerSnapshot)
    throw new ConnectorError(
      'limit',
      `the panel has ${resources.length} servers, nodes and locations; at most ${LIMITS.rowsPerSnapshot} can be listed`,
      'Report this as a fault: one source can’t hold as many.',
    )
  const scope = { kind: 'cluster' as const, external_id: around.realm }
  const facts: Collected[] = [{ type: 'listing', seen_at_ms, scope, complete: failures.length === 0, resources }]
  const [first, ...others] = failures
  if (!first) return facts
  if (resources.length > 0) around.emit(facts)
  throw asOne(first, others)
}

const isOfAll = ({ code }: ConnectorError): boolean => ['unreachable', 'timeout', 'limit'].includes(code)

export const connector: Connector = {
  manifest,
  async open(settings, surroundings) {
    const parsed = Settings.safeParse(settings)
    if (!parsed.success)
      throw new ConnectorError(
        'bad_settings',
        // never the value: it may be the key
        parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'settings'}: ${message}`).join('; '),
        'Give the address of the panel and an application key.',
      )
    const { url, key, ca, fingerprints } = parsed.data
    const { origin, pathname, search, username, password } = new URL(url)
    if (username || password || search)
      throw new ConnectorError(
        'bad_settings',
        'url: has more than a protocol, a name, a port and a path',
        'Give e.g. https://panel.example.com; the key has its own field.',
      )
    const panel = { url: `${origin}${pathname.replace(/\/+$/, '')}`, key, trust: { ca, fingerprints } }
    return { collect: (signal) => collect(panel, surroundings, signal), close: async () => {} }
  },
}
