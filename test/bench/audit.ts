/** Fifty changes at once through the HTTP application, with the sealer at work and without it: changes a processor second. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pino from 'pino'
import { authenticate, mintCredential } from '#control-plane/accounts/index.ts'
import { routes as accounts } from '#control-plane/accounts/routes.ts'
import { createNames } from '#control-plane/people/index.ts'
import { verifyAudit } from '#control-plane/audit/index.ts'
import { background } from '#control-plane/background.ts'
import { routes as contracts } from '#control-plane/contracts/routes.ts'
import { connect } from '#control-plane/db/index.ts'
import { urlsOf } from '#control-plane/db/setup.ts'
import { proxiesOf } from '#control-plane/http/address.ts'
import { createApp } from '#control-plane/http/app.ts'
import { tasks } from '#control-plane/river.ts'
import { prepare, type Prepared } from '../setup/prepare.ts'
import { silentBus as bus, unguarded } from '../setup/silent-bus.ts'
import { Stand } from '../setup/stand.ts'
import type { Bench, Outcome } from './main.ts'
import { processorSeconds } from './process-tree.ts'
import { judgeRate, type Round, showRate, type Work } from './rate.ts'

const AT_ONCE = 50
/** changes of each account in one round */
const CHANGES = 60
const ROUNDS = 3
const RATIO_MIN = 0.8
/** of each task after a round: enough for all that one leaves behind */
const RUNS = 10

const log = pino({ level: 'silent' })

interface Place {
  stand: Stand
  world: Prepared
  change: (account: string, name: string) => Promise<void>
  accounts: string[]
}

/** Processor seconds of this process, which is client and control plane at once, and of PostgreSQL. */
function spentBy({ stand }: Place): number {
  const postmaster = Number(readFileSync(join(stand.postgres.data, 'postmaster.pid'), 'utf8').split('\n')[0])
  const { user, system } = process.cpuUsage()
  return processorSeconds([postmaster]) + (user + system) / 1e6
}

/** Runs tasks of the river as the program does; what they left undone is done when it stops. */
function working({ world }: Place, names: readonly string[]) {
  const all = tasks({ ...unguarded, bus, db: world.db, now: Date.now, log }).filter(({ name }) => names.includes(name))
  const work = background(all, log)
  return async () => {
    await work.stop()
    // numbers come in batches of some hundreds
    for (let n = 0; n < RUNS; n += 1) for (const task of all) await task.run()
  }
}

async function changed(place: Place, names: readonly string[], changes: number): Promise<Work & { seconds: number }> {
  const before = spentBy(place)
  const began = performance.now()
  const stop = working(place, names)
  await Promise.all(
    place.accounts.map(async (id) => {
      for (let n = 0; n < changes; n += 1) await place.change(id, `Account ${began} ${n}`)
    }),
  )
  const seconds = (performance.now() - began) / 1_000
  await stop()
  return { units: place.accounts.length * changes, cpu_seconds: spentBy(place) - before, seconds }
}

async function open(stand: Stand): Promise<Place> {
  const { ownerUrl } = await stand.database()
  const world = await prepare(ownerUrl, stand.folder, new Date().toISOString())
  const urls = urlsOf(ownerUrl, stand.folder)
  const [db, tenants] = [connect(urls.staff, 12), connect(urls.api, 1)]
  const deps = { db, tenants, now: Date.now, names: createNames(db) }
  const app = createApp({
    ...deps,
    log,
    authenticate: (token) => authenticate({ tx: db, now: Date.now }, token),
    proxies: proxiesOf(''),
    busConnected: () => true,
    extraMetrics: () => Promise.resolve(''),
    slices: [accounts({ ...deps, endDemo: null }), contracts(deps)],
  })
  const key = await world.run((ctx) => mintCredential(ctx, 'api_key', 'bench'))
  const send = async (method: string, path: string, body: unknown) => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const answer = await app.request(`/api/v1${path}`, { method, headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`${method} ${path}: HTTP ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as { id: string }
  }
  const ids: string[] = []
  for (let n = 0; n < AT_ONCE; n += 1) ids.push((await send('POST', '/accounts', { name: `Account ${n}` })).id)
  const change = async (id: string, name: string) => void (await send('PATCH', `/accounts/${id}`, { name }))
  return { stand, world, accounts: ids, change }
}

/** `size`: changes of each account in each round. */
async function run({ size = CHANGES }: { size?: number | undefined }): Promise<Outcome> {
  const stand = await Stand.open()
  try {
    const place = await open(stand)
    const [withSealer, without] = [['number_events', 'seal'], ['number_events']]
    await changed(place, withSealer, Math.ceil(size / 10))
    const rounds: Round[] = []
    const speeds: Round[] = []
    const bySeconds = ({ units, seconds }: Work & { seconds: number }) => ({ units, cpu_seconds: seconds })
    for (let round = 0; round < ROUNDS; round += 1) {
      const ours = await changed(place, withSealer, size)
      const theirs = await changed(place, without, size)
      // what the other side left is sealed before the next round is measured
      await working(place, withSealer)()
      rounds.push({ ours, theirs })
      speeds.push({ ours: bySeconds(ours), theirs: bySeconds(theirs) })
    }
    const { findings, records, unsealed } = await place.world.run((ctx) => verifyAudit(ctx))
    if (findings.length > 0 || unsealed.count > 0)
      throw new Error(`The chain is not whole: ${findings.length} findings, ${unsealed.count} not sealed.`)
    const [changes, speed] = [judgeRate(rounds, RATIO_MIN), judgeRate(speeds, RATIO_MIN)]
    const names = ['sealed', 'not sealed'] as const
    console.log(`\n${showRate('changes a processor second, fifty at once', names, rounds, changes)}`)
    console.log(`\n${showRate('changes a second, fifty at once', names, speeds, speed, 's')}`)
    return { pass: changes.pass && speed.pass, at_once: AT_ONCE, records, changes, speed }
  } finally {
    await stand.end()
  }
}

export const bench: Bench = {
  title: 'fifty changes at once with the sealer at work, beside the same without it: changes a processor second',
  run,
}
