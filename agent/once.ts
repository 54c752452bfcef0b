/** Collects once and shows what would be reported, without a control plane. */
import type { Collected, Session, Surroundings } from '#connectors/contract.ts'
import { ConnectorError } from '#connectors/wire.ts'
import { loadConnector } from '#connectors/registry.ts'
import { withoutSecrets } from './health.ts'

const INTERVAL_MS = 10_000
const COLLECT_MS_MAX = 120_000

export interface Look {
  connector: string
  settings: Record<string, unknown>
  json: boolean
}

/** Nothing is remembered, and events are not waited for. */
const surroundings = (): Surroundings => ({
  realm: 'once',
  interval_ms: INTERVAL_MS,
  emit: () => {},
  memory: { get: async () => undefined, set: async () => {} },
  now: Date.now,
  log: (level, message, fields) =>
    void process.stderr.write(`${level}: ${message}${fields ? ` ${JSON.stringify(fields)}` : ''}\n`),
})

export async function once({ connector: name, settings, json }: Look): Promise<string> {
  const connector = await loadConnector(name)
  if (!connector)
    throw new ConnectorError('bad_settings', `there is no connector named ${name}`, 'Try `--connector host`.')
  let session: Session | null = null
  try {
    session = await connector.open(settings, surroundings())
    const collected = await session.collect(AbortSignal.timeout(COLLECT_MS_MAX))
    return json ? JSON.stringify(collected, null, 2) : collected.map(shown).join('\n\n')
  } catch (error) {
    if (error instanceof Error) error.message = withoutSecrets(error.message, settings, connector.manifest.secrets)
    throw error
  } finally {
    await session?.close()
  }
}

type Row = [name: string, value: unknown]

function table(title: string, rows: Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length))
  const text = (value: unknown) => (typeof value === 'object' ? JSON.stringify(value) : String(value))
  return [title, ...rows.map(([name, value]) => `  ${name.padEnd(width)}  ${text(value)}`)].join('\n')
}

function shown(one: Collected): string {
  const at = new Date(one.seen_at_ms).toISOString()
  if (one.type === 'listing')
    return table(
      `listing of ${one.scope.kind} ${one.scope.external_id} at ${at}: ${one.resources.length} resources${one.complete ? '' : ', incomplete'}`,
      one.resources.map(({ kind, name, state, size, evidence, attributes }) => [
        `${kind} ${name}`,
        { state, size, evidence, attributes },
      ]),
    )
  if (one.type === 'readings')
    return table(
      `readings of ${one.resource.kind} ${one.resource.external_id} at ${at}${one.metered === false ? ' (history only)' : ''}`,
      [...Object.entries(one.counters ?? {}), ...Object.entries(one.gauges ?? {})],
    )
  return table(`${one.type} at ${at}`, Object.entries(one))
}
