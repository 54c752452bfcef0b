/** A second `npm run up` until it is ready, beside the bare start of its parts: PostgreSQL, NATS, an empty HTTP server. */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '#agent/control-plane.fixture.ts'
import { prepareNats } from '../../deploy/nats.ts'
import { freePort } from '../../deploy/port.ts'
import { preparePostgres } from '../../deploy/postgres.ts'
import { Child, endsWithUs } from '../../deploy/process.ts'
import { natsServer, startChild } from '../setup/stand.ts'
import type { Bench, Outcome } from './main.ts'
import { judgeRate, type Round, showRate } from './rate.ts'

const root = join(import.meta.dirname, '../..')
const ROUNDS = 3
/** With its checks of tools, roles, schema and pages, and an agent: no more than ten bare starts. */
const RATIO_MIN = 0.1
const READY_MS = 600_000
/** once it answers it is stopped: by the signal of Ctrl-C */
const STOP_MS = 30_000

const answers = (url: string) => async () => {
  try {
    return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).ok
  } catch {
    return false
  }
}

/** Seconds until it is ready; then it is stopped. */
async function up(data: string): Promise<number> {
  const port = await freePort()
  const child = new Child(
    {
      title: 'npm run up',
      name: 'up',
      command: () => endsWithUs(['sh', 'deploy/up.sh'], 'SIGINT'),
      cwd: root,
      env: {
        ...process.env,
        ATALAYA_DATA: join(data, 'data'),
        ATALAYA_PORT: String(port),
        DATABASE_URL: '',
        NATS_URL: '',
      },
      stopSignal: 'SIGINT',
      stop_ms: STOP_MS,
    },
    join(data, 'logs'),
  )
  const began = performance.now()
  try {
    await child.start()
    await until(answers(`http://127.0.0.1:${port}/readyz`), 'npm run up is ready', READY_MS)
    return (performance.now() - began) / 1_000
  } finally {
    await child.stop()
  }
}

/** The same parts with nothing in them that is ours. */
async function bare(folder: string): Promise<number> {
  const logs = join(folder, 'bare-logs')
  const began = performance.now()
  const [postgres, nats] = [
    await preparePostgres(join(folder, 'bare-postgres'), { durable: true }),
    await prepareNats(join(folder, 'bare-nats'), natsServer()),
  ]
  const port = await freePort()
  const http = {
    title: 'HTTP',
    name: 'http',
    command: () => endsWithUs(['bun', '-e', `Bun.serve({ port: ${port}, fetch: () => new Response('ok') })`]),
    stop_ms: 2_000,
  }
  const children = [
    await startChild(postgres.program, logs, postgres.ready),
    await startChild(nats.program, logs, nats.ready),
  ]
  children.push(await startChild(http, logs, answers(`http://127.0.0.1:${port}/`)))
  const seconds = (performance.now() - began) / 1_000
  for (const child of children.toReversed()) await child.stop()
  return seconds
}

async function run(): Promise<Outcome> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'atalaya-bench-start-'))
  try {
    const first_seconds = await up(folder)
    await bare(folder)
    const rounds: Round[] = []
    for (let round = 0; round < ROUNDS; round += 1)
      rounds.push({
        ours: { units: 1, cpu_seconds: await up(folder) },
        theirs: { units: 1, cpu_seconds: await bare(folder) },
      })
    const starts = judgeRate(rounds, RATIO_MIN)
    console.log(`\n${showRate('starts a second of waiting', ['npm run up', 'bare parts'], rounds, starts, 'seconds')}`)
    const seconds = { ours: 1 / starts.ours, theirs: 1 / starts.theirs }
    return { pass: starts.pass, first_seconds, seconds, starts }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

export const bench: Bench = { title: 'a second start of everything, beside the bare start of its parts', run }
