/** Tries settings: opens a connector by them, reads once, and says what it saw. Nothing is remembered, nothing reported, nothing thrown. */
import type { CheckCommand, CheckReply, Collected, Session } from '#connectors/contract.ts'
import { ConnectorError } from '#connectors/wire.ts'
import { failureOf, withoutSecrets } from './health.ts'
import type { Outside } from './source.ts'

const LIMITS = { scopes: 50, names: 3, warnings: 20, chars: 2_000, name: 512 } as const
/** A connector that doesn't heed its signal is left to itself after so long. */
const GRACE_MS = 2_000

interface Run {
  collected: Collected[]
  warnings: string[]
  version: string | null
  secrets: readonly string[]
  /** of a check that was given up */
  over: boolean
  session: Session | null
}

export async function checked(command: CheckCommand, load: Outside['load']): Promise<CheckReply> {
  const started = performance.now()
  const run: Run = { collected: [], warnings: [], version: null, secrets: [], over: false, session: null }
  const clean = (text: string) => withoutSecrets(text, command.settings, run.secrets)
  let error: CheckReply['error'] = null
  try {
    await within(command.timeout_ms, (signal) => collect(command, load, run, signal))
  } catch (thrown) {
    error = failureOf(thrown, clean)
  }
  run.over = true
  run.session?.close().catch(() => {})
  const duration_ms = Math.round(performance.now() - started)
  return { duration_ms, version: run.version, error, ...seen(run.collected), warnings: run.warnings.map(clean) }
}

/** The answer where nothing was tried. */
export const refused = (why: string): CheckReply => ({
  duration_ms: 0,
  version: null,
  error: { code: 'limit', message: why, remedy: 'Wait until they end, a minute at most, and check again.' },
  ...seen([]),
  warnings: [],
})

async function collect(
  { connector: name, realm, interval_ms, settings }: CheckCommand,
  load: Outside['load'],
  run: Run,
  signal: AbortSignal,
): Promise<void> {
  const connector = await load(name)
  if (!connector)
    throw new ConnectorError('bad_settings', `this agent has no connector named ${name}`, 'Bring the agent up to date.')
  run.version = connector.manifest.version
  run.secrets = connector.manifest.secrets
  run.session = await connector.open(settings, {
    realm,
    interval_ms,
    emit: (facts) => void (run.over || run.collected.push(...facts)),
    memory: { get: async () => undefined, set: async () => {} },
    now: Date.now,
    log: (level, message) => {
      if (level !== 'warn' && level !== 'error') return
      if (run.warnings.length < LIMITS.warnings) run.warnings.push(message.slice(0, LIMITS.chars))
    },
  })
  // given up while it was opened
  if (run.over) return void (await run.session.close())
  run.collected.push(...(await run.session.collect(signal)))
}

/** The work, or an error when its time is over, whether or not it heeds its signal. */
async function within(limit_ms: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const late = new ConnectorError(
    'timeout',
    `nothing was read within ${limit_ms / 1_000} s`,
    'See whether the address is right and the server answers; a large one may be read slowly the first time.',
  )
  const aborted = new AbortController()
  const timers: NodeJS.Timeout[] = []
  const after = (delay_ms: number, call: () => void) => timers.push(setTimeout(call, delay_ms))
  const over = new Promise<never>((_, reject) => {
    after(limit_ms, () => aborted.abort(late))
    after(limit_ms + GRACE_MS, () => reject(late))
  })
  try {
    await Promise.race([work(aborted.signal), over])
  } finally {
    for (const timer of timers) clearTimeout(timer)
  }
}

function seen(collected: readonly Collected[]): Pick<CheckReply, 'resources' | 'scopes' | 'measured'> {
  const kinds = new Map<string, Map<string, string>>()
  const measured = new Set<string>()
  const scopes: CheckReply['scopes'] = []
  for (const one of collected) {
    if (one.type === 'readings') measured.add(`${one.resource.kind}\n${one.resource.external_id}`)
    if (one.type !== 'listing') continue
    const { scope, complete, resources } = one
    if (scopes.length < LIMITS.scopes) scopes.push({ ...scope, complete, count: resources.length })
    for (const { kind, external_id, incarnation = '', name } of resources) {
      const own = kinds.get(kind) ?? new Map<string, string>()
      kinds.set(kind, own.set(`${external_id}\n${incarnation}`, name.slice(0, LIMITS.name)))
    }
  }
  const resources = [...kinds].map(([kind, own]) => ({
    kind,
    count: own.size,
    names: [...own.values()].slice(0, LIMITS.names),
  }))
  return { resources, scopes, measured: measured.size }
}
