/** Months that are closed by many who finalise at once, in processes that are killed with -9 at random moments. */
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { dateOf, HOUR_MS, iso, monthOf } from '#control-plane/base/time.ts'
import { verify } from '#control-plane/billing/index.ts'
import { finaliseClose, getClose, openClose, workOnCloses } from '#control-plane/closing/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { ms, rows } from '#control-plane/db/index.ts'
import { urlsOf } from '#control-plane/db/setup.ts'
import { endsWithUs } from '../../deploy/process.ts'
import { Dice } from '../chaos/dice.ts'
import { enrolledAgent, vm } from '../integration/agent.ts'
import { sell } from '../integration/ledger.ts'
import type { Prepared } from '../setup/prepare.ts'
import { raised } from '../setup/raised.ts'

const HANDS = 10
const ROUND_MS_MAX = 240_000
/** What a worker takes to start on a machine that does nothing else. */
const STARTS_MS = 600

export interface Ground {
  world: Prepared
  ownerUrl: string
  folder: string
  accounts: number
  dice: Dice
  /** rounds so far */
  done: number
}

/** Accounts of one machine each, in a month that just ended. */
export async function readyGround(ground: Omit<Ground, 'dice' | 'done'>, seed: number): Promise<Ground> {
  const { world } = ground
  await sell(world, { meter: 'vcpu', amount: '0.05' })
  for (let n = 0; n < ground.accounts; n += 1) {
    const name = `customer-${n}`
    const { id } = await world.run((ctx) => openAccount(ctx, { name, tax_id: '', email: '', zone: 'UTC' }))
    const agent = await enrolledAgent(world, name, id)
    await agent.send([agent.listing(world.clock.now, 'h', [vm(`${name}-vm`)])])
  }
  return { ...ground, dice: new Dice(seed, 'finalisers'), done: 0 }
}

export interface Round {
  kills: number
  /** of processes that were issuing: some were done and some were left */
  kills_amid: number
  wrong: string[]
}

interface Worker {
  /** it said that it looks for work */
  works: boolean
  /** how long it took to say so */
  started_ms: number
  kill(): Promise<unknown>
}
function startWorker(command: string[]): Worker {
  const begun = performance.now()
  const child = Bun.spawn(endsWithUs(command), { stdout: 'pipe', stderr: 'inherit' })
  const worker: Worker = {
    works: false,
    started_ms: 0,
    kill: () => {
      child.kill('SIGKILL')
      return child.exited
    },
  }
  void child.stdout
    .getReader()
    .read()
    .then(({ done }) => {
      worker.works = !done
      worker.started_ms = performance.now() - begun
    })
  return worker
}

/** By how much slower than by itself this machine is just now: who is killed as often as ever then would get nothing done. */
const slowness = (workers: readonly Worker[]): number =>
  Math.max(1, ...workers.map(({ started_ms }) => started_ms / STARTS_MS))

/** One month more: `processes` with ten hands each, killed again and again until all is issued. */
export async function runRound(ground: Ground, processes: number): Promise<Round> {
  const { world, dice } = ground
  const month = monthOf(world.clock.now, 'UTC')
  world.clock.now = month.to + HOUR_MS
  const name = dateOf(month.from, 'UTC').slice(0, 7)
  const { id } = await world.run((ctx) => openClose(ctx, { month: name, grace_hours: 0 }))
  await workOnCloses(world.db, () => world.clock.now, raised)
  const reviewed = await world.run((ctx) => finaliseClose(ctx, id, { early: false }))
  const issued = async () => (await world.run((ctx) => getClose(ctx, id))).counts.issued
  const url = urlsOf(ground.ownerUrl, ground.folder).work
  const command = ['bun', join(import.meta.dirname, 'worker.ts'), url, ground.folder, `${world.clock.now}`, `${HANDS}`]
  const workers = Array.from({ length: processes }, () => startWorker(command))
  const round: Round = { kills: 0, kills_amid: 0, wrong: [] }
  try {
    for (const begun = performance.now(); (await world.run((ctx) => getClose(ctx, id))).state !== 'closed';) {
      if (performance.now() - begun > ROUND_MS_MAX) throw new Error(`${name} was not closed in ${ROUND_MS_MAX} ms`)
      await Bun.sleep(dice.between(50, 400) * slowness(workers))
      const amid = await issued()
      const place = dice.between(0, processes - 1)
      // killed while they start, they would never begin
      if (workers[place]?.works !== true) continue
      workers[place].kill()
      workers[place] = startWorker(command)
      round.kills += 1
      if (amid > 0 && amid < reviewed.counts.ready) round.kills_amid += 1
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
  }
  ground.done += 1
  round.wrong = await differences(ground, month.to, reviewed.counts.ready)
  return round
}

/** What must hold of all that was issued so far. */
async function differences({ world, done }: Ground, end: number, ready: number): Promise<string[]> {
  const wrong: string[] = []
  const all = await rows<{ n: number; account_id: string; issued_at: string; to: string }>(
    world.db,
    sql`select series_number as n, account_id, ${ms(sql`issued_at`)} as issued_at, ${ms(sql`period_to`)} as "to"
        from invoice order by series_year, series_number`,
  )
  const years = await rows<{ count: string; least: number; most: number }>(
    world.db,
    sql`select count(*) as count, min(series_number) as least, max(series_number) as most from invoice group by series_year`,
  )
  for (const { count, least, most } of years)
    if (least !== 1 || most !== Number(count)) wrong.push(`numbers ${least} to ${most} for ${count} invoices of a year`)
  for (const [index, one] of all.entries())
    if (index > 0 && Number(one.issued_at) < Number(all[index - 1]?.issued_at))
      wrong.push(`number ${one.n} was issued before the one ahead of it`)
  const now = all.filter((one) => Number(one.to) === end)
  if (now.length !== ready || new Set(now.map((one) => one.account_id)).size !== ready)
    wrong.push(`${now.length} invoices to ${iso(end)} for ${ready} accounts`)
  if (all.length !== ready * done) wrong.push(`${all.length} invoices after ${done} rounds of ${ready}`)
  return wrong
}

/** The verifier's own findings, at the end. */
export const findings = async ({ world }: Ground): Promise<string[]> =>
  (await world.run(verify)).findings.map((one) => `${one.check} ${one.subject}: ${one.detail}`)
