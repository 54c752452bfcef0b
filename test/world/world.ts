/** Plays a seed's world: real batches through the production intake into a real database, by the world's clock. */
import { sql } from 'drizzle-orm'
import { changeLegalEntity } from '#control-plane/accounts/index.ts'
import { iso } from '#control-plane/base/time.ts'
import { createDefaultBook } from '#control-plane/catalog/index.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import { settle } from '#control-plane/ingest/index.ts'
import { judge } from '#control-plane/rating/index.ts'
import { enrolledAgent } from '../integration/agent.ts'
import { prepare, type Prepared } from '../setup/prepare.ts'
import { Agenda } from './agenda.ts'
import { Simulated } from './agents.ts'
import { Bus } from './bus.ts'
import { Chronicle } from './chronicle.ts'
import { schedule } from './deciding.ts'
import { decisionsOf } from './decisions.ts'
import { Eye } from './eye.ts'
import { Faults } from './faults.ts'
import type { Body } from './life.ts'
import { DAY_MS, HOUR_MS, type Plan, WITHIN } from './plan.ts'
import { storyOf } from './story.ts'
import type { Source, Truth } from './truth.ts'
import { watch } from './watch.ts'
import { counted } from './counted.ts'
import { trouble } from './trouble.ts'

export interface Stage {
  plan: Plan
  bodies: readonly Body[]
  world: Prepared
  agenda: Agenda
  chronicle: Chronicle
  faults: Faults
  account_ids: Map<string, string>
  eyes: Eye[]
  agents: Map<string, Simulated>
  sources: Source[]
}
export interface Played extends Stage {
  truth: Truth
}

/** `more` is done on the way, beside what the plan says. */
export async function play(
  plan: Plan,
  ownerUrl: string,
  folder: string,
  more: (stage: Stage) => void = () => {},
): Promise<Played> {
  const stage = await setStage(plan, ownerUrl, folder)
  const { agenda, world, chronicle, bodies, sources } = stage
  watch(stage)
  trouble(stage)
  schedule(stage, decisionsOf(plan, bodies))
  more(stage)
  const every_ms = plan.days > 7 ? 4 * DAY_MS : 20 * HOUR_MS
  for (let at = plan.start + every_ms; at < plan.end; at += every_ms) agenda.at(at, () => work(world))
  await agenda.run()
  agenda.clock.now += HOUR_MS
  await work(world)
  const truth = chronicle.truth(plan, bodies, sources, agenda.now)
  counted(stage, truth)
  return { ...stage, truth }
}

/** What the control plane does in the background. */
async function work({ db, clock, run }: Prepared): Promise<void> {
  await settle(db, () => clock.now)
  while ((await run(judge)) > 0);
}

async function setStage(plan: Plan, ownerUrl: string, folder: string): Promise<Stage> {
  const world = await prepare(ownerUrl, folder, iso(plan.start), 'UTC')
  await world.db.execute(sql`update legal_entity set currency = ${plan.currency}`)
  await world.run((ctx) => createDefaultBook(ctx, world.legal_entity_id))
  await world.run((ctx) => changeLegalEntity(ctx, world.legal_entity_id, { tax_rate: plan.tax_rate }))
  const agenda = new Agenda(world.clock)
  const { bodies } = storyOf(plan)
  const stage: Stage = {
    plan,
    bodies,
    world,
    agenda,
    chronicle: new Chronicle(),
    faults: new Faults(),
    account_ids: new Map(),
    eyes: [],
    agents: new Map(),
    sources: [],
  }
  for (const { key, zone, contract_from } of plan.accounts) {
    const input = { name: key, tax_id: '', email: '', zone, contract_from: iso(contract_from) }
    stage.account_ids.set(key, (await world.run((ctx) => openAccount(ctx, input))).id)
  }
  await placeEyes(stage)
  return stage
}

/** Who buys what an eye within a guest reports; of some nobody knows. */
const INSIDE_OWNERS = { host: ['cima', null, 'acme'], node: ['duero', 'acme'] } as const

async function placeEyes(stage: Stage): Promise<void> {
  const bus = new Bus({ ...stage, random: stage.plan.random.of('bus') })
  const { plan, bodies } = stage
  for (const agent of new Set(plan.hosts.map((host) => host.agent))) {
    const realm = plan.hosts.find((host) => host.agent === agent)?.realm ?? ''
    await placeEye(stage, bus, agent, realm, plan.owners[realm] ?? null, plan.look_ms)
  }
  for (const kind of ['host', 'node'] as const) {
    const inside = bodies.filter((body) => body.realm.startsWith(WITHIN[kind]))
    const owners = INSIDE_OWNERS[kind]
    for (const [index, { realm }] of inside.entries())
      await placeEye(stage, bus, realm, realm, owners[index % owners.length] ?? null, 4 * plan.look_ms)
  }
}

async function placeEye(
  stage: Stage,
  bus: Bus,
  name: string,
  realm: string,
  account: string | null,
  look_ms: number,
): Promise<void> {
  const { plan, world, agenda, faults, chronicle, bodies } = stage
  const agent = await enrolledAgent(world, realm, account === null ? null : (stage.account_ids.get(account) ?? null))
  const random = plan.random.of(`agent ${name}`)
  const own: Eye[] = []
  const simulated = new Simulated({
    name,
    agent,
    agenda,
    bus,
    random,
    faults,
    spool_max: SMALL_SPOOLS[name] ?? 10_000,
    skew_ms: SKEWS_MS[name] ?? random.pick([0, 0, -2_300, 40_000]),
    forget: (digests) => own.forEach((eye) => eye.forget(digests)),
    admit: (loss) => own.map((eye) => eye.admit(loss)),
  })
  const key = `${name}/${realm}`
  const eye = new Eye({
    key,
    id: agent.source,
    realm,
    simulated,
    look_ms,
    tick_ms: plan.tick_ms,
    bodies,
    chronicle,
    faults,
    random: random.of('eye'),
  })
  own.push(eye)
  stage.agents.set(name, simulated)
  stage.eyes.push(eye)
  stage.sources.push({ id: key, realm, account })
}

const SKEWS_MS: Record<string, number> = { 'alpha-a1': HOUR_MS, 'alpha-a2': -HOUR_MS }
const SMALL_SPOOLS: Record<string, number> = { 'alpha-a3': 3 }
