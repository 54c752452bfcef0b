/** Asks the control plane, from outside, for what a start needs: set-up, readiness, a place for the agent. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { endsWithUs, type Program } from './process.ts'
import { Refusal, type Settings } from './settings.ts'

export interface Addresses {
  databaseUrl: string
  /** variables of the control plane that say where NATS is, and which keys it trusts */
  nats: Record<string, string>
}

export interface SetUp {
  /** null once somebody has used it */
  setupToken: string | null
}

const environment = (s: Settings, a: Addresses) => ({
  ...process.env,
  DATABASE_URL: a.databaseUrl,
  ...a.nats,
  ATALAYA_DATA: s.data,
  ATALAYA_PORT: String(s.port),
  ATALAYA_DEMO: s.demo ? '1' : '0',
})

/** The agent gets neither the database nor the control plane's way to NATS nor any of its keys nor its mail. */
const WITHHELD = new Set([
  'DATABASE_URL',
  'NATS_URL',
  'ATALAYA_AGENT_NATS_URL',
  'ATALAYA_NATS_KEYS',
  'ATALAYA_SECRET_KEY',
  'ATALAYA_SECRET_KEY_FILE',
  'ATALAYA_SMTP_URL',
])
const agentEnvironment = () => Object.fromEntries(Object.entries(process.env).filter(([name]) => !WITHHELD.has(name)))

async function run(command: string[], cwd: string, env: Record<string, string | undefined>) {
  const child = Bun.spawn(endsWithUs(command), { cwd, env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { code, stdout, stderr }
}

const tail = (text: string): string[] => text.trimEnd().split('\n').slice(-20)

/** Makes roles, tables and the first entities, or brings them up to date. */
export async function setUp(s: Settings, a: Addresses): Promise<SetUp> {
  const { code, stdout, stderr } = await run(['bun', 'control-plane/cli.ts', 'setup'], s.root, environment(s, a))
  if (code !== 0) throw new Refusal('The set-up of the database failed', tail(stderr || stdout))
  const line = stdout.trimEnd().split('\n').at(-1) ?? ''
  try {
    const { setup_token } = JSON.parse(line) as { setup_token?: string | null }
    return { setupToken: setup_token ?? null }
  } catch {
    throw new Refusal('The set-up of the database gave no result', tail(`${stderr}\n${stdout}`))
  }
}

export const controlPlane = (s: Settings, a: Addresses): Program => ({
  title: 'The control plane',
  name: 'control-plane',
  command: () => endsWithUs(['bun', 'control-plane/main.ts', '--role', 'all']),
  cwd: s.root,
  env: environment(s, a),
  stop_ms: 3_000,
  ...(s.demo && { over_code: DEMO_OVER }),
})

/** By this exit code the control plane of a demo says that its owner removed it. */
const DEMO_OVER = 86

/** Invented customers and their machines: a history first, then what happens now. It speaks as any agent and any person would. */
export const demo = (s: Settings): Program => ({
  title: 'The demo',
  name: 'demo',
  command: () => endsWithUs(['bun', 'test/world/demo/main.ts', '--data', s.data]),
  cwd: s.root,
  env: { ...agentEnvironment(), ATALAYA_ORIGIN: `http://127.0.0.1:${s.port}` },
  stop_ms: 2_000,
})
/** The demo writes it once its history is told. */
export const demoIsTold = async (s: Settings): Promise<boolean> => existsSync(join(s.data, 'demo-told'))

export const isReady = async (origin: string): Promise<boolean> => {
  try {
    return (await fetch(`${origin}/readyz`, { signal: AbortSignal.timeout(2_000) })).status === 200
  } catch {
    return false
  }
}

/** Once for each data folder: a token from the API, with which the agent gets its own identity. */
export async function enrolAgent(s: Settings, origin: string, state: string): Promise<boolean> {
  if (existsSync(join(state, 'agent.json'))) return false
  const key = readFileSync(join(s.data, 'api-key'), 'utf8').trim()
  const answer = await fetch(`${origin}/api/v1/enrolments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: '{}',
  })
  if (answer.status !== 201)
    throw new Refusal(`The control plane gave no enrolment token (HTTP ${answer.status})`, tail(await answer.text()))
  const { token } = (await answer.json()) as { token: string }
  const command = ['bun', 'agent/main.ts', 'enrol', '--url', origin, '--state', state]
  // not as an argument: those are visible to every user of the machine
  const { code, stdout, stderr } = await run(command, s.root, { ...agentEnvironment(), ATALAYA_TOKEN: token })
  if (code !== 0) throw new Refusal('The agent could not be enrolled', tail(`${stdout}\n${stderr}`))
  return true
}

/** Told where its control plane is: one from before agents kept that gets its credential all the same. */
export const agent = (s: Settings, origin: string, state: string): Program => ({
  title: 'The agent',
  name: 'agent',
  command: () => endsWithUs(['sh', 'agent/launch.sh', state, 'bun', 'agent/main.ts', 'run', '--state', state]),
  cwd: s.root,
  env: { ...agentEnvironment(), ATALAYA_URL: origin },
  stop_ms: 2_000,
})
