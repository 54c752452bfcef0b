/** Carries out what people decide, each at its instant, by the product's own verbs. */
import { sql } from 'drizzle-orm'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { Problem } from '#control-plane/base/problem.ts'
import { fromIso, iso } from '#control-plane/base/time.ts'
import { unlessEmpty } from '#control-plane/billing/draft.ts'
import { draft, finalise } from '#control-plane/billing/index.ts'
import { addPrice } from '#control-plane/catalog/index.ts'
import { NewPrice } from '#control-plane/catalog/contract.ts'
import { rows } from '#control-plane/db/index.ts'
import { settle } from '#control-plane/ingest/index.ts'
import { assign } from '#control-plane/inventory/index.ts'
import { NewGapAcceptance } from '#control-plane/rating/contract.ts'
import { acceptGaps } from '#control-plane/rating/index.ts'
import type { Prepared } from '../setup/prepare.ts'
import type { Agenda } from './agenda.ts'
import type { Chronicle } from './chronicle.ts'
import type { Of, Wanted } from './decisions.ts'
import type { Faults } from './faults.ts'
import { HOUR_MS, MINUTE_MS, type Plan } from './plan.ts'
import { machineKeys } from './product.ts'
import type { AcceptedGap, Instant } from './truth.ts'

/** Gaps that one acceptance may name. */
const ACCEPTED_AT_ONCE = 1_000

export interface Deciding {
  world: Prepared
  agenda: Agenda
  chronicle: Chronicle
  faults: Faults
  plan: Plan
  account_ids: ReadonlyMap<string, string>
}

/** Where no gap has held an invoice back until then, all accounts are billed up to here, with all gaps of the seed. */
const CLOSING = 0.97

export function schedule(deciding: Deciding, wanted: readonly Wanted[]): void {
  const { agenda, faults, plan } = deciding
  for (const one of wanted) agenda.at(one.at, () => carryOut(deciding, one))
  agenda.at(plan.start + Math.round((plan.end - plan.start) * CLOSING), async () => {
    // an invoice ends with its month: there may be two to catch up with
    for (const { key } of [...plan.accounts, ...plan.accounts])
      if (faults.of('held_back') === 0)
        await carryOut(deciding, { at: agenda.now, type: 'finalise', account: key, as_of: agenda.now })
  })
}

async function carryOut(deciding: Deciding, { at: _planned, ...wanted }: Wanted): Promise<void> {
  const { agenda, chronicle, faults } = deciding
  const done = await attempt(deciding, wanted)
  if (!done) return
  chronicle.decisions.push({ at: agenda.now, ...done })
  if (done.type === 'finalise') faults.add('invoiced')
  else if (done.type === 'accept') faults.add('accepted', done.gaps.length)
  else if (done.type === 'transfer') faults.add(done.reason ? 'owner_corrected' : 'transferred')
  else if (done.correction) faults.add('price_corrected')
  else if (done.effective_at > deciding.plan.start) faults.add('price_changed')
}

type Undated = Wanted extends infer W ? (W extends unknown ? Omit<W, 'at'> : never) : never
async function attempt(deciding: Deciding, wanted: Undated): Promise<Undated | null> {
  if (wanted.type === 'price') return sell(deciding, wanted)
  if (wanted.type === 'accept') return accept(deciding, wanted)
  return wanted.type === 'transfer' ? handOver(deciding, wanted) : issue(deciding, wanted)
}

async function sell({ world }: Deciding, wanted: Of<'price'>): Promise<Undated> {
  const { type: _type, effective_at, ...terms } = wanted
  await world.run((ctx) => addPrice(ctx, NewPrice.parse({ ...terms, effective_at: iso(effective_at) })))
  return wanted
}

/** A machine that nobody has reported yet is asked for again later. */
async function handOver(deciding: Deciding, wanted: Of<'transfer'>): Promise<Undated | null> {
  const { world, agenda, plan } = deciding
  const [realm, kind, external_id, incarnation] = wanted.machine.split('|')
  const [found] = await rows<{ id: string }>(
    world.db,
    sql`select id from resource where realm = ${realm} and kind = ${kind} and external_id = ${external_id}
        and incarnation = ${incarnation} and first_seen_at is not null`,
  )
  if (!found) {
    await settle(world.db, () => agenda.now)
    if (agenda.now < plan.end) agenda.after(HOUR_MS, () => carryOut(deciding, { at: agenda.now, ...wanted }))
    return null
  }
  const { account, effective_at, reason } = wanted
  const account_id = idOf(deciding, account)
  await world.run((ctx) => assign(ctx, found.id, { account_id, effective_at: iso(effective_at), reason }))
  return wanted
}

async function issue(deciding: Deciding, wanted: Of<'finalise'>): Promise<Undated | null> {
  const { world, agenda } = deciding
  const account_id = idOf(deciding, wanted.account)
  await settle(world.db, () => agenda.now)
  const next = await world.run((ctx) => draft(ctx, { account_id, as_of: wanted.as_of })).catch(unlessEmpty)
  if (!next) return null
  const to = fromIso(next.period.to)
  try {
    await finalise(world.db, system('world'), () => agenda.now, newId(), { account_id, to: iso(to) })
    return wanted
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.code === 'nothing_to_invoice') return null
    if (error.code !== 'gap_blocked') throw error
    heldBack(deciding, { ...wanted, as_of: to })
    return null
  }
}

/** The invoice was asked for and refused; people look at what it waits for, and ask again. */
function heldBack(deciding: Deciding, wanted: Of<'finalise'>): void {
  const { agenda, chronicle, faults } = deciding
  chronicle.decisions.push({ at: agenda.now, ...wanted })
  faults.add('held_back')
  const { account, as_of } = wanted
  agenda.after(20 * MINUTE_MS, async () => {
    const gaps = await blockedIn(deciding, account, as_of)
    if (gaps.length > 0) await carryOut(deciding, { at: agenda.now, type: 'accept', account, gaps })
    agenda.after(MINUTE_MS, () => carryOut(deciding, { at: agenda.now, ...wanted }))
  })
}

async function blockedIn(deciding: Deciding, account: string, as_of: Instant): Promise<AcceptedGap[]> {
  const { world } = deciding
  const account_id = idOf(deciding, account)
  const made = await world.run((ctx) => draft(ctx, { account_id, as_of })).catch(unlessEmpty)
  const keys = await machineKeys(world)
  return (made?.blocked_gaps ?? []).slice(0, ACCEPTED_AT_ONCE).map(({ resource, meter, from, to }) => ({
    machine: keys.get(resource.id) ?? resource.id,
    meter,
    from: fromIso(from),
    to: fromIso(to),
  }))
}

async function accept(deciding: Deciding, wanted: Of<'accept'>): Promise<Undated> {
  const { world } = deciding
  const keys = await machineKeys(world)
  const ids = new Map([...keys].map(([id, key]) => [key, id]))
  const gaps = wanted.gaps.map(({ machine, meter, from, to }) => ({
    resource_id: ids.get(machine) ?? machine,
    meter,
    from: iso(from),
    to: iso(to),
  }))
  const input = NewGapAcceptance.parse({ gaps, reason: 'the customer agrees' })
  await world.run((ctx) => acceptGaps(ctx, idOf(deciding, wanted.account), input))
  return wanted
}

function idOf({ account_ids }: Deciding, key: string): string {
  const id = account_ids.get(key)
  if (!id) throw new Error(`There is no account ${key}.`)
  return id
}
