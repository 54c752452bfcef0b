/** Starts PostgreSQL, NATS, the control plane and an agent on this machine, watches them, and stops all with Ctrl-C. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { agent, type Addresses, controlPlane, demo, demoIsTold, enrolAgent, isReady, setUp } from './atalaya.ts'
import { databaseUrlOf } from './database.ts'
import { type Lock, lock } from './lock.ts'
import { prepareNats } from './nats.ts'
import { holderOf, isFree } from './port.ts'
import { preparePostgres } from './postgres.ts'
import { Child, ChildError, type Program } from './process.ts'
import { screen } from './screen.ts'
import { readSettings, Refusal, type Settings, USAGE } from './settings.ts'
import { buildAgent, buildUi } from './build.ts'

/** recovery after a crash replays what the last checkpoint had not written */
const POSTGRES_READY_MS = 120_000
const NATS_READY_MS = 30_000
const CONTROL_PLANE_READY_MS = 60_000
/** the history of the demo, told to a slow machine */
const DEMO_READY_MS = 600_000
/** how long a control plane takes to end for good */
const OVER_MS = 3_500

/** The children in the order of their start, so that they stop in the other. */
class Run {
  readonly #children: Child[] = []
  readonly #lock: Lock
  readonly #logs: string
  readonly #over: () => void
  #stopping: Promise<void> | undefined

  /** `over`: a program says that all of this is to end */
  constructor(lockOfData: Lock, logs: string, over: () => void) {
    this.#lock = lockOfData
    this.#logs = logs
    this.#over = over
  }

  get stopping(): boolean {
    return this.#stopping !== undefined
  }

  async start(program: Program, ready: () => Promise<boolean>, within_ms: number): Promise<void> {
    const signal = program.stopSignal ?? 'SIGTERM'
    const child = new Child(program, this.#logs, {
      started: (pid) => this.#lock.remember(pid, signal),
      event: (line, details) => screen.warn(line, details),
      over: this.#over,
    })
    this.#children.push(child)
    await child.start()
    await child.whenReady(ready, within_ms)
    child.supervise()
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll()
    return this.#stopping
  }

  async #stopAll(): Promise<void> {
    for (const child of this.#children.toReversed()) await child.stop()
    this.#lock.release()
  }

  killAll(): void {
    for (const child of this.#children) child.kill()
  }
}

async function refuseTakenPort(port: number): Promise<void> {
  if (await isFree(port)) return
  const holder = holderOf(port)
  throw new Refusal(`Port ${port} is taken${holder ? ` by ${holder}` : ''}`, [
    `Stop that program, or choose another port: ATALAYA_PORT=${port === 65_535 ? 8080 : port + 1} npm run up`,
  ])
}

async function startPostgres(s: Settings, run: Run): Promise<string> {
  if (s.databaseUrl) {
    const url = await databaseUrlOf(s.databaseUrl)
    screen.ok(`PostgreSQL: yours, ${url.shown}`)
    return url.url
  }
  const postgres = await preparePostgres(join(s.data, 'postgres'), { durable: true })
  await run.start(postgres.program, postgres.ready, POSTGRES_READY_MS)
  await postgres.createDatabase()
  screen.ok(`PostgreSQL on port ${postgres.port}`)
  return postgres.ownerUrl
}

/** What the control plane is told of it. */
async function startNats(s: Settings, run: Run): Promise<Record<string, string>> {
  if (s.natsUrl) {
    screen.ok('NATS: yours')
    return { NATS_URL: s.natsUrl, ATALAYA_AGENT_NATS_URL: s.agentNatsUrl ?? s.natsUrl }
  }
  if (!s.natsServer)
    throw new Refusal('No nats-server was found', ['Start with `npm run up`, which fetches one, or set NATS_URL.'])
  const nats = await prepareNats(join(s.data, 'nats'), s.natsServer, undefined, s.natsListen)
  await run.start(nats.program, nats.ready, NATS_READY_MS)
  screen.ok(`NATS on port ${nats.port}${s.natsListen ? `, by TLS as ${s.natsListen.name}` : ''}`)
  const told = nats.environment(join(s.data, 'logs', `${nats.program.name}.log`))
  return s.agentNatsUrl ? { ...told, ATALAYA_AGENT_NATS_URL: s.agentNatsUrl } : told
}

async function startAgent(s: Settings, run: Run, origin: string): Promise<void> {
  const state = join(s.data, 'agent')
  const enrolled = await enrolAgent(s, origin, state)
  await run.start(agent(s, origin, state), async () => true, 1_000)
  screen.ok(enrolled ? 'agent, enrolled on this machine' : 'agent')
}

async function startDemo(s: Settings, run: Run): Promise<void> {
  if (!(await demoIsTold(s))) screen.doing('telling the history of the demo: a minute or two')
  await run.start(demo(s), () => demoIsTold(s), DEMO_READY_MS)
  screen.ok('demo: invented customers, machines and bills')
}

const shown = (path: string): string => {
  const near = relative(process.cwd(), path)
  return near && !near.startsWith('..') ? near : path
}

function showWelcome(s: Settings, origin: string, setupToken: string | null): void {
  const token = setupToken ? [`One-time set-up token:  ${setupToken}`] : ['Sign in with your e-mail and password.']
  screen.box([`Open   ${origin}`, '', ...token])
  screen.say(`API key for the command line: ${shown(join(s.data, 'api-key'))}   logs: ${shown(join(s.data, 'logs'))}`)
  screen.say('Ctrl-C stops everything; the data stays.\n')
}

async function up(s: Settings, run: Run): Promise<void> {
  const built = await buildUi(s.root, () => screen.doing('building the web page'))
  screen.ok(built ? 'web page, built' : 'web page')
  await buildAgent(s.root)
  const databaseUrl = await startPostgres(s, run)
  const addresses: Addresses = { databaseUrl, nats: await startNats(s, run) }
  const { setupToken } = await setUp(s, addresses)
  screen.ok('database is set up')
  const origin = `http://127.0.0.1:${s.port}`
  await run.start(controlPlane(s, addresses), () => isReady(origin), CONTROL_PLANE_READY_MS)
  screen.ok('control plane')
  if (s.agent) await startAgent(s, run, origin)
  if (s.demo) await startDemo(s, run)
  if (!run.stopping) showWelcome(s, `http://localhost:${s.port}`, setupToken)
}

/** Ctrl-C, once to stop in order, twice to stop at once. `current` is what runs when it comes. */
function stopOnSignals(current: () => Run | null): void {
  let asked = 0
  const stop = async () => {
    asked += 1
    if (asked > 1) {
      current()?.killAll()
      process.exit(130)
    }
    screen.say('\n  stopping …')
    await current()?.stop()
    screen.say('stopped')
    process.exit(0)
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop())
}

async function open({ data }: Settings, over: () => void): Promise<Run> {
  mkdirSync(data, { recursive: true, mode: 0o700 })
  chmodSync(data, 0o700)
  const remedy = [
    'Stop it first (Ctrl-C where it runs), or use another folder and port: ATALAYA_DATA=… ATALAYA_PORT=… npm run up',
  ]
  return new Run(await lock(join(data, 'up.lock'), remedy), join(data, 'logs'), over)
}

/** Starts what the arguments ask for; a demo that is removed makes way for what is real. */
async function start(args: string[], opened: (run: Run) => void): Promise<number | null> {
  const settings = readSettings(args, process.env, resolve(import.meta.dirname, '..'))
  if (!settings) {
    screen.say(USAGE)
    return 0
  }
  let isReplaced = false
  const run = await open(settings, () => {
    isReplaced = true
    void replaceDemo(settings, args, run, opened)
  })
  opened(run)
  try {
    await refuseTakenPort(settings.port)
    await up(settings, run)
    return null
  } catch (error) {
    // a demo that was removed while it started: what is real starts in its place. What needs the control plane ends before it says so
    for (let waited_ms = 0; settings.demo && !run.stopping && waited_ms < OVER_MS; waited_ms += 50) await Bun.sleep(50)
    if (isReplaced) return null
    // a signal that came during the start ends it, and the failure is only its consequence
    if (!run.stopping) report(error)
    await run.stop()
    return 1
  }
}

async function replaceDemo({ data }: Settings, args: string[], run: Run, opened: (run: Run) => void): Promise<void> {
  screen.say('\n  removing the demo …')
  await run.stop()
  rmSync(data, { recursive: true, force: true })
  screen.ok('the demo is gone')
  const real = args.filter((one) => one !== '--demo')
  const code = await start(real, opened)
  if (code !== null) process.exit(code)
}

async function main(): Promise<number | null> {
  // a proxy for the outside world must not get what we say to ourselves
  process.env.NO_PROXY = [process.env.NO_PROXY, '127.0.0.1', 'localhost'].filter(Boolean).join(',')
  let current: Run | null = null
  stopOnSignals(() => current)
  return start(process.argv.slice(2), (run) => {
    current = run
  })
}

function report(error: unknown): void {
  const { message, details } = error as Error & { details?: string[] }
  const known = error instanceof Refusal || error instanceof ChildError
  screen.fail(
    message,
    known
      ? details
      : String((error as Error).stack ?? '')
          .split('\n')
          .slice(1, 6),
  )
}

try {
  const code = await main()
  if (code !== null) process.exit(code)
} catch (error) {
  report(error)
  process.exit(1)
}
