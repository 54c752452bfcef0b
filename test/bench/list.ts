/** A tenant's list of fifty machines, with sign-in, permission and row-level security, beside the same query and JSON without them. */
import { isDeepStrictEqual } from 'node:util'
import { Fleets } from './fleets.ts'
import { Installation } from './installation.ts'
import type { Bench, Outcome } from './main.ts'
import { processorSeconds } from './process-tree.ts'
import { judgeRate, type Round, showRate, type Work } from './rate.ts'
import { Worker } from './worker.ts'

const ACCOUNTS = 4
const MACHINES = 2_000
const ROUNDS = 3
const REQUESTS = 1_000
/** requests on their way at once */
const LANES = 8
const RATIO_MIN = 0.6

interface Side {
  ask(): Promise<unknown>
  /** processor seconds of the serving process and of PostgreSQL */
  cost(): number
}

async function asked({ ask, cost }: Side, units: number): Promise<Work> {
  const before = cost()
  let left = units
  const lane = async () => {
    while ((left -= 1) >= 0) await ask()
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  return { units, cpu_seconds: cost() - before }
}

/** An account of its own with its contract for each fleet, and a tenant's key for the first. */
async function trade(installation: Installation): Promise<{ accounts: string[]; key: string }> {
  const accounts: string[] = []
  for (let n = 0; n < ACCOUNTS; n += 1)
    accounts.push((await installation.post<{ id: string }>('/accounts', { name: `Account ${n}` })).id)
  const price = { kind: 'vm', meter: 'vcpu', model: 'per_unit', per: 'hour', unit: 'vCPU', amount: '0.01' }
  await installation.post('/prices', price)
  const wanted = { name: 'tenant', role: 'tenant_owner', account_id: accounts[0] }
  return { accounts, key: (await installation.post<{ token: string }>('/api-keys', wanted)).token }
}

const jsonOf = async (url: string, headers: Record<string, string> = {}): Promise<unknown> => {
  const answer = await fetch(url, { headers })
  if (!answer.ok) throw new Error(`${url}: HTTP ${answer.status} ${await answer.text()}`)
  return await answer.json()
}

/** Both sides say the same. What goes with the time of asking may have moved between the two. */
async function compare(ours: Side, theirs: Side): Promise<void> {
  const [mine, bare] = (await Promise.all([ours.ask(), theirs.ask()])) as { items: Record<string, unknown>[] }[]
  const still = ({ sparkline: _moves, ...rest }: Record<string, unknown>) => rest
  const [x, y] = [mine, bare].map((list) => ({ ...list, items: list?.items.map(still) }))
  if (x?.items?.length !== 50 || !isDeepStrictEqual(x, y)) throw new Error('The two sides give different lists.')
}

async function measure(installation: Installation, account_id: string, key: string, requests: number) {
  const bare = new Worker('bare-list.ts', installation.superuserUrl, account_id)
  try {
    const port = await bare.line()
    const postgres = () => installation.cost().postgres
    const ours: Side = {
      ask: () => jsonOf(`${installation.origin}/api/v1/resources?limit=50`, { authorization: `Bearer ${key}` }),
      cost: () => installation.cost().control_plane + postgres(),
    }
    const theirs: Side = {
      ask: () => jsonOf(`http://127.0.0.1:${port}/resources`),
      cost: () => processorSeconds([bare.pid]) + postgres(),
    }
    await compare(ours, theirs)
    for (const side of [ours, theirs]) await asked(side, Math.ceil(requests / 2))
    const rounds: Round[] = []
    for (let round = 0; round < ROUNDS; round += 1)
      rounds.push({ ours: await asked(ours, requests), theirs: await asked(theirs, requests) })
    return rounds
  } finally {
    bare.end()
  }
}

/** `size`: requests of each side in each round. */
async function run({ size = REQUESTS }: { size?: number | undefined }): Promise<Outcome> {
  const installation = await Installation.start()
  const machines = size < REQUESTS ? Math.max(60, Math.round((MACHINES * size) / REQUESTS)) : MACHINES
  const fleets = new Fleets(installation, machines, Date.now() - 120_000)
  try {
    const { accounts, key } = await trade(installation)
    await fleets.begin(accounts)
    await installation.onlyAnswer()
    const rounds = await measure(installation, accounts[0] ?? '', key, size)
    const rate = judgeRate(rounds, RATIO_MIN)
    console.log(`\n${showRate('lists of 50 rows a processor second', ['API', 'bare'], rounds, rate)}`)
    return { accounts: accounts.length, machines: machines * accounts.length, ...rate }
  } finally {
    await fleets.end()
    await installation.end()
  }
}

export const bench: Bench = {
  title: "a tenant's list of 50 rows, with sign-in, permission and row-level security, beside the same without them",
  run,
}
