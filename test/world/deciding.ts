/** Carries out what people decide, each at its instant, by the product's own verbs. */
import { sql } from 'drizzle-orm'
import { system } from '#control-plane/base/actor.ts'
import { newId } from '#control-plane/base/id.ts'
import { Problem } from '#control-plane/base/problem.ts'
import { iso, monthOf } from '#control-plane/base/time.ts'
import { finalise } from '#control-plane/billing/index.ts'
import { addPrice } from '#control-plane/catalog/index.ts'
import { NewPrice } from '#control-plane/catalog/contract.ts'
import { ms, rows } from '#control-plane/db/index.ts'
import { settle } from '#control-plane/ingest/index.ts'
import { assign } from '#control-plane/inventory/index.ts'
import type { Prepared } from '../setup/prepare.ts'
import type { Agenda } from './agenda.ts'
import type { Chronicle } from './chronicle.ts'
import type { Of, Wanted } from './decisions.ts'
import type { Faults } from './faults.ts'
import { HOUR_MS, type Plan } from './plan.ts'

export interface Deciding {
  world: Prepared
  agenda: Agenda
  chronicle: Chronicle
  faults: Faults
  plan: Plan
  account_ids: ReadonlyMap<string, string>
}

export function schedule(deciding: Deciding, wanted: readonly Wanted[]): void {
  for (const one of wanted) deciding.agenda.at(one.at, () => carryOut(deciding, one))
}

async function carryOut(deciding: Deciding, { at: _planned, ...wanted }: Wanted): Promise<void> {
  const { agenda, chronicle, faults } = deciding
  const done = await attempt(deciding, wanted)
  if (!done) return
  chronicle.decisions.push({ at: agenda.now, ...done })
  if (done.type === 'finalise') faults.add('invoiced')
  else if (done.type === 'transfer') faults.add(done.reason ? 'owner_corrected' : 'transferred')
  else if (done.correction) faults.add('price_corrected')
  else if (done.effective_at > deciding.plan.start) faults.add('price_changed')
}

type Undated = Wanted extends infer W ? (W extends unknown ? Omit<W, 'at'> : never) : never
async function attempt(deciding: Deciding, wanted: Undated): Promise<Undated | null> {
  if (wanted.type === 'price') return sell(deciding, wanted)
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
  const { world, agenda, plan } = deciding
  const account_id = idOf(deciding, wanted.account)
  const { zone, contract_from } = plan.accounts.find(({ key }) => key === wanted.account) ?? {
    zone: '',
    contract_from: 0,
  }
  const [last] = await rows<{ to: string | null }>(
    world.db,
    sql`select ${ms(sql`max(period_to)`)} as "to" from invoice where account_id = ${account_id}`,
  )
  const from = last?.to ? Number(last.to) : contract_from
  const to = Math.min(wanted.as_of, monthOf(from, zone).to)
  if (to <= from) return null
  try {
    await finalise(world.db, system('world'), () => agenda.now, newId(), { account_id, to: iso(to) })
    return wanted
  } catch (error) {
    if (error instanceof Problem && error.code === 'nothing_to_invoice') return null
    throw error
  }
}

function idOf({ account_ids }: Deciding, key: string): string {
  const id = account_ids.get(key)
  if (!id) throw new Error(`There is no account ${key}.`)
  return id
}
