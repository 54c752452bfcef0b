/**
 * A small installation with all that a bill rests on, for backups: made in-process by an injected clock. Run by itself, it writes the
 * backup of this version that later versions must be able to restore: `bun test/integration/recorded.ts`.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { mintCredential } from '#control-plane/accounts/index.ts'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { backUp } from '#control-plane/backup/index.ts'
import { knownMigrations } from '#control-plane/backup/store.ts'
import { finalise, invoicePdf } from '#control-plane/billing/index.ts'
import { addPrice, createDefaultBook } from '#control-plane/catalog/index.ts'
import { NewPrice } from '#control-plane/catalog/contract.ts'
import { openAccount, setUpContract } from '#control-plane/contracts/index.ts'
import { version } from '#control-plane/http/version.ts'
import { settle } from '#control-plane/ingest/index.ts'
import { prepare, type Prepared } from '../setup/prepare.ts'
import { Stand } from '../setup/stand.ts'
import { type Agent, enrolledAgent, vm } from './agent.ts'

const BACKUPS = join(import.meta.dirname, '../fixtures/backups')
/** One for each version, by its number and that of its last migration, the oldest first. */
export const recordedBackups = (): string[] =>
  readdirSync(BACKUPS)
    .filter((name) => name.endsWith('.backup'))
    .toSorted(new Intl.Collator('en', { numeric: true }).compare)
    .map((name) => join(BACKUPS, name))
const START = Date.parse('2026-11-10T08:00:00.000Z')
const HOURS = 24

const now = (world: Prepared) => () => world.clock.now

export const issue = (world: Prepared, account_id: string): Promise<string> =>
  finalise(world.db, system('test'), now(world), newId(), { account_id })

const sell = (world: Prepared, meter: string, amount: string, per: 'hour' | 'quantity', unit: string) =>
  world.run((ctx) => addPrice(ctx, NewPrice.parse({ kind: 'vm', model: 'per_unit', meter, amount, per, unit })))

/** An hour of two machines as their host tells it: what there is, and what was sent so far. */
const hourOfFacts = (agent: Agent, hour: number): unknown[] => {
  const at = START + hour * HOUR_MS
  const machines = ['web', 'db'].map((name) => vm(name, { size: { vcpu_count: hour < 12 ? 2 : 4 } }))
  return [
    agent.listing(at, 'h', machines),
    agent.readings(at, 'web', { 'network_transmit_bytes/eth0': hour * 1_000_003 }),
    // its counter begins again once
    agent.readings(
      at,
      'db',
      { 'network_transmit_bytes/eth0': (hour % 10) * 5_000 },
      { epoch: { id: `boot-${Math.trunc(hour / 10)}` } },
    ),
  ]
}

/** Prices, a customer with two machines, a day of use, an issued invoice with its PDF, and an hour that no bill has yet. */
async function smallInstallation(world: Prepared): Promise<{ agent: Agent; account_id: string; api_key: string }> {
  world.clock.now = START
  await world.run((ctx) => createDefaultBook(ctx, world.legal_entity_id))
  await world.run((ctx) => setUpContract(ctx, world.account_id))
  const api_key = await world.run((ctx) => mintCredential(ctx, 'api_key', 'Command line'))
  await sell(world, 'vcpu', '0.05', 'hour', 'vCPU')
  await sell(world, 'network_transmit_bytes', '0.7', 'quantity', 'GB')
  const { id: account_id } = await world.run((ctx) => openAccount(ctx, { name: 'A customer', tax_id: '', email: '' }))
  const agent = await enrolledAgent(world, 'a place', account_id)
  for (let hour = 0; hour <= HOURS; hour += 1) {
    world.clock.now = START + hour * HOUR_MS + 1_000
    await agent.send(hourOfFacts(agent, hour))
  }
  const invoice = await issue(world, account_id)
  await world.run((ctx) => invoicePdf(ctx, invoice, 'en'))
  world.clock.now += HOUR_MS
  await agent.send(hourOfFacts(agent, HOURS + 1))
  await settle(world.db, now(world))
  return { agent, account_id, api_key }
}

async function record(): Promise<void> {
  const stand = await Stand.open()
  try {
    const { ownerUrl } = await stand.database()
    const world = await prepare(ownerUrl, stand.folder, iso(START))
    const { api_key } = await smallInstallation(world)
    await world.db.$client.end({ timeout: 1 })
    writeFileSync(join(stand.folder, 'api-key'), `${api_key}\n`)
    mkdirSync(BACKUPS, { recursive: true })
    const last = String(knownMigrations().length - 1).padStart(4, '0')
    const file = join(BACKUPS, `${version}-${last}.backup`)
    const place = { databaseUrl: ownerUrl, data: stand.folder, file, progress: () => {} }
    const { end } = await backUp(place, { force: false, now: world.clock.now })
    process.stdout.write(`${file}: ${end.rows} rows\n`)
  } finally {
    await stand.end()
  }
}

if (import.meta.main) await record()
