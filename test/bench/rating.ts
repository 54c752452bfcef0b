/** Drafts of many accounts, beside a bare SQL sum over the same rows of usage: rows rated a processor second. */
import postgres from 'postgres'
import { Fleets, settled } from './fleets.ts'
import { Installation, spent } from './installation.ts'
import type { Bench, Outcome } from './main.ts'
import { judgeRate, type Round, showRate, type Work } from './rate.ts'

const ACCOUNTS = 10
const MACHINES = 50
const ROUNDS = 3
/** hours of usage before now */
const HOURS = 5
const HOUR_MS = 3_600_000
/** A sum knows no prices, owners, or proofs, and rows of one account lie together for it: this only keeps a draft from getting slower. */
const RATIO_MIN = 0.003

const PRICES = ['network_receive_bytes', 'network_transmit_bytes', 'disk_read_bytes', 'disk_write_bytes'].map(
  (meter) => ({
    kind: 'vm',
    meter,
    model: 'per_unit',
    per: 'quantity',
    unit: 'GB',
    amount: '0.0125',
  }),
)

async function openAccounts(installation: Installation, count: number): Promise<string[]> {
  for (const price of PRICES) await installation.post('/prices', price)
  const ids: string[] = []
  for (let n = 0; n < count; n += 1)
    ids.push((await installation.post<{ id: string }>('/accounts', { name: `Account ${n}` })).id)
  return ids
}

const DUE = `select u.resource_id, u.meter, sum(u.quantity) as quantity, count(*) as hours from usage_hour u
  join resource r on r.id = u.resource_id where r.account_id = $1 and u.cut_to is null group by 1, 2`

async function usageRows({ sql }: Installation): Promise<number> {
  return Number((await sql`select count(*) as count from usage_hour where cut_to is null`)[0]?.count)
}

async function drafted(installation: Installation, accounts: readonly string[], units: number): Promise<Work> {
  const cost = await spent(installation, async () => {
    for (const id of accounts) await installation.api(`/accounts/${id}/draft`)
  })
  return { units, cpu_seconds: cost.total }
}

/** Often enough that it can be measured: a sum of some rows is over in less than a tick of /proc. */
const TIMES = 20
async function summed(installation: Installation, accounts: readonly string[], units: number): Promise<Work> {
  const sql = postgres(installation.superuserUrl, { max: 1 })
  await sql.unsafe(DUE, [accounts[0] as string], { prepare: true })
  const before = process.cpuUsage()
  const cost = await spent(installation, async () => {
    for (let n = 0; n < TIMES; n += 1) for (const id of accounts) await sql.unsafe(DUE, [id], { prepare: true })
  })
  const { user, system } = process.cpuUsage(before)
  await sql.end()
  return { units: units * TIMES, cpu_seconds: cost.parts.postgres + (user + system) / 1e6 }
}

/** `size`: accounts. */
async function run({ size = ACCOUNTS }: { size?: number | undefined }): Promise<Outcome> {
  const installation = await Installation.start()
  const fleets = new Fleets(installation, MACHINES, Date.now() - HOURS * HOUR_MS)
  try {
    const accounts = await openAccounts(installation, size)
    await fleets.begin(accounts)
    for (let hour = 1; hour < HOURS; hour += 1) await fleets.tick(2, HOUR_MS)
    await settled(installation)
    const units = await usageRows(installation)
    const rounds: Round[] = []
    await drafted(installation, accounts.slice(0, 2), units)
    for (let round = 0; round < ROUNDS; round += 1)
      rounds.push({
        ours: await drafted(installation, accounts, units),
        theirs: await summed(installation, accounts, units),
      })
    const rows = judgeRate(rounds, RATIO_MIN)
    console.log(`\n${showRate('rows of usage rated a processor second', ['drafts', 'bare sum'], rounds, rows)}`)
    return { pass: rows.pass, accounts: size, usage_rows: units, rows }
  } finally {
    await fleets.end()
    await installation.end()
  }
}

export const bench: Bench = {
  title: 'drafts of many accounts, beside a bare SQL sum of their usage: rows a processor second',
  run,
}
