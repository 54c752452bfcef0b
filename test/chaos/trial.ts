/** One trial: real processes, a storm of kills and cuts, then everything compared with what the oracle says. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { preparePostgres } from '../../deploy/postgres.ts'
import { lastLines } from '../../deploy/process.ts'
import { type Death, isSettled, knownTo, onItsWay } from './arrival.ts'
import { PRICES } from './bill.ts'
import { WITHOUT_KEY_SQL, withoutDeduplication } from './broken.ts'
import { Customers } from './customers.ts'
import { Dice } from './dice.ts'
import { differencesOf, ticksOf } from './differences.ts'
import { documentDifferences, invoicesOf, type Observed } from './documents.ts'
import { Faults, type Storm } from './faults.ts'
import { loseReply } from './lost-reply.ts'
import { Part } from './part.ts'
import type { Cut } from './proxy.ts'
import { Replayer } from './replay.ts'
import { type Ground, Site } from './site.ts'

const SETTLED_MS_MAX = 90_000
/** What was seen longer ago than this is expected to have arrived; a tick and its way take less. */
const ON_ITS_WAY_MS = 1_500

export interface TrialOptions {
  seed: number
  storm: Storm
  broken: boolean
}
export interface Verdict {
  kills: Record<string, number>
  cuts: Partial<Record<Cut, number>>
  /** reports sent again by a network that repeats itself */
  repeated: number
  /** readings that came again after a reply was lost by a kill */
  duplicates_by_kill: number
  /** readings that came again, all in all */
  duplicates: number
  invoices: number
  recovery_ms: number
  differences: string[]
}

export async function openGround(below: string): Promise<Ground> {
  const folder = mkdtempSync(join(below, 'chaos-'))
  const server = await preparePostgres(join(folder, 'postgres'), { durable: true })
  const database = new Part(server.program, folder, server.ready)
  await database.start()
  await database.untilReady()
  await server.createDatabase()
  return { folder, postgres: server, database }
}

/** `keep`: the logs of all processes stay where they are. */
export async function closeGround({ folder, database }: Ground, keep = false): Promise<void> {
  await database.stop()
  if (!keep) rmSync(folder, { recursive: true, force: true })
}

export async function runTrial(ground: Ground, options: TrialOptions): Promise<Verdict> {
  const name = `trial-${options.seed}`
  const sources = options.broken ? withoutDeduplication(join(ground.folder, name)) : undefined
  const site = await Site.open(ground, name, sources)
  const replayer = await Replayer.open(site.nats)
  try {
    if (options.broken) await site.sql.unsafe(WITHOUT_KEY_SQL)
    return await tried(site, replayer, options)
  } finally {
    await replayer.close()
    await site.close()
  }
}

async function tried(site: Site, replayer: Replayer, { seed, storm }: TrialOptions): Promise<Verdict> {
  const killed = site.ground.database.kills
  const plane = await site.addPlane('all')
  await populate(site, seed)
  const duplicates_by_kill = await loseReply(site, plane, replayer)
  await site.addPlane('ingest')
  const dice = (name: string) => new Dice(seed, name)
  const faults = new Faults(site, dice)
  const customers = new Customers(site)
  let over = false
  const crowd = [customers.pester(dice('customers'), () => over), replayer.pester(dice('replays'), () => over)]
  await faults.storm(storm)
  over = true
  const { at_ms, stuck } = await recovered(site, faults)
  await Promise.all(crowd)
  await customers.ask()
  for (const part of site.parts) part.note()
  const crashes = site.parts.flatMap((part) => part.crashes)
  const differences = [...crashes, ...stuck, ...customers.surprises, ...(await judged(site, faults.deaths))]
  return {
    kills: {
      agents: sumOf(site.agents.map(({ part }) => part.kills)),
      nats: site.bus.kills,
      planes: sumOf(site.planes.map(({ part }) => part.kills)),
      postgres: site.ground.database.kills - killed,
    },
    cuts: faults.cuts,
    repeated: replayer.answered,
    duplicates_by_kill,
    duplicates: Number((await site.sql`select coalesce(sum(duplicate), 0) as count from intake_hour`)[0]?.count),
    invoices: (await invoicesOf(site)).length,
    recovery_ms: at_ms - faults.last_kill_ms,
    differences,
  }
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0)

/** Prices, two customers, and an agent for each. */
async function populate(site: Site, seed: number): Promise<void> {
  for (const { meter, per, unit, amount } of PRICES)
    await site.must('POST', '/prices', { kind: 'vm', meter, model: 'per_unit', per, unit, amount })
  const { items } = await site.must<{ items: { id: string }[] }>('GET', '/accounts')
  const second = await site.must<{ id: string }>('POST', '/accounts', { name: 'Second customer' })
  for (const [index, account] of [items[0]?.id, second.id].entries())
    if (account) await site.addAgent({ seed, host: `chaos-${index}` }, account)
}

/** When everything was known again, new facts of every agent among it; and what each part last said, where that didn't come. */
async function recovered(site: Site, faults: Faults): Promise<{ at_ms: number; stuck: string[] }> {
  const since = faults.last_kill_ms
  const isKnown = await waitFor(async () => {
    const known = await knownTo(site)
    return known !== null && known > since && (await isSettled(site, Date.now() - ON_ITS_WAY_MS, faults.deaths))
  })
  return { at_ms: Date.now(), stuck: isKnown ? [] : [...(await onItsWay(site, faults.deaths)), ...lastWords(site)] }
}

const LAST_LINES = 6
const lastWords = ({ parts }: Site): string[] =>
  parts.map(({ child }) => `${child.program.title} said last: ${lastLines(child.logFile, LAST_LINES).join(' ⏎ ')}`)

/** False where it didn't come in time. */
async function waitFor(done: () => Promise<boolean>): Promise<boolean> {
  const until = performance.now() + SETTLED_MS_MAX
  while (!(await done().catch(() => false))) {
    if (performance.now() > until) return false
    await sleep(100)
  }
  return true
}

/** All differences, once nothing is on its way any more. */
async function judged(site: Site, deaths: readonly Death[]): Promise<string[]> {
  site.quieten()
  await sleep(ON_ITS_WAY_MS)
  await waitFor(() => isSettled(site, Date.now(), deaths))
  const differences: string[] = []
  const observed: Observed[] = []
  for (const agent of site.agents) {
    const { ticks, wrong } = await ticksOf(site, agent, deaths)
    differences.push(...wrong, ...(await differencesOf(site, agent, ticks)))
    observed.push({ fleet: agent.fleet, account_id: agent.account_id, ticks })
  }
  // no further than everything is known: that nobody looks any more is no fault of the product
  const end = (await knownTo(site)) ?? Date.now()
  return [...differences, ...(await documentDifferences(site, observed, end))]
}
