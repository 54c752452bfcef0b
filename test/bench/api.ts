/** The API over an installation of 5,000 machines, beside the very statements that it ran, run again by the bare driver. */
import postgres from 'postgres'
import { Fleets } from './fleets.ts'
import { Installation, spent } from './installation.ts'
import type { Bench, Outcome } from './main.ts'
import { judgeRate, type Round, showRate, type Work } from './rate.ts'
import { replay, statementsDuring } from './statements.ts'

const MACHINES = 1_000
const FLEETS = 5
const ROUNDS = 3
const REQUESTS = 100
/** An answer may cost ten times its statements: they are many, and small. */
const RATIO_MIN = 0.1

interface Question {
  figure: string
  path: string
  /** a word of its main statement */
  mark: string
}

async function questions(installation: Installation): Promise<Question[]> {
  const { items } = await installation.api<{ items: { id: string }[] }>('/resources?kind=vm&limit=1')
  const accounts = await installation.api<{ items: { id: string }[] }>('/accounts')
  const [machine, account] = [items[0]?.id, accounts.items[0]?.id]
  return [
    { figure: 'list', path: '/resources?kind=vm&limit=50', mark: 'resource' },
    { figure: 'page', path: `/resources/${machine}`, mark: 'resource' },
    { figure: 'draft', path: `/accounts/${account}/draft`, mark: 'assignment' },
    { figure: 'series', path: `/resources/${machine}/series`, mark: 'metric_sample' },
  ]
}

/** Answers of the API: the control plane and PostgreSQL. */
async function asked(installation: Installation, path: string, units: number): Promise<Work> {
  const cost = await spent(installation, async () => {
    for (let n = 0; n < units; n += 1) await installation.api(path)
  })
  return { units, cpu_seconds: cost.total }
}

/** The statements of one answer: this process, which does nothing else, and PostgreSQL. */
async function replayed(installation: Installation, statements: readonly string[], units: number): Promise<Work> {
  const sql = postgres(installation.staffUrl, { max: 1, onnotice: () => {}, connection: { TimeZone: 'UTC' } })
  await replay(sql, statements)
  const before = process.cpuUsage()
  const cost = await spent(installation, async () => {
    for (let n = 0; n < units; n += 1) await replay(sql, statements)
  })
  const { user, system } = process.cpuUsage(before)
  await sql.end()
  return { units, cpu_seconds: cost.parts.postgres + (user + system) / 1e6 }
}

async function measure(installation: Installation, { figure, path, mark }: Question, requests: number) {
  await asked(installation, path, Math.ceil(requests / 10))
  const statements = await statementsDuring(installation, mark, () => installation.api(path))
  const rounds: Round[] = []
  for (let round = 0; round < ROUNDS; round += 1)
    rounds.push({
      ours: await asked(installation, path, requests),
      theirs: await replayed(installation, statements, requests),
    })
  const rate = judgeRate(rounds, RATIO_MIN)
  const title = `${figure}: answers a processor second (${statements.length} statements each)`
  console.log(`\n${showRate(title, ['API', 'bare driver'], rounds, rate)}`)
  return { figure, rate }
}

/** `size`: requests of each kind in each round. */
async function run({ size = REQUESTS }: { size?: number | undefined }): Promise<Outcome> {
  const installation = await Installation.start()
  const machines = size < REQUESTS ? Math.max(10, Math.round((MACHINES * size) / REQUESTS)) : MACHINES
  const fleets = new Fleets(installation, machines, Date.now() - 600_000)
  try {
    await fleets.begin(Array.from({ length: FLEETS }, () => undefined))
    await fleets.tick(10)
    const found = []
    for (const question of await questions(installation)) found.push(await measure(installation, question, size))
    const figures = Object.fromEntries(found.map(({ figure, rate }) => [figure, rate]))
    return { pass: found.every(({ rate }) => rate.pass), machines: machines * FLEETS, ...figures }
  } finally {
    await fleets.end()
    await installation.end()
  }
}

export const bench: Bench = {
  title: 'list, page, draft and chart, beside the same statements by the bare driver: answers a processor second',
  run,
}
