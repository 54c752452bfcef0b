/** Verbs of charges: record one, cancel one, and what of them is due on a bill. */
import { z } from 'zod'
import { InstantMs } from '#connectors/contract.ts'
import { getAccount } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { fromIso, iso } from '../base/time.ts'
import { contractOf, holdContract } from '../contracts/index.ts'
import { openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { decodeCursor, encodeCursor } from '../http/index.ts'
import { Id, type Page } from '../http/contract.ts'
import type { Charge, ChargeQuery, NewCharge } from './contract.ts'
import { amountOf } from './rules.ts'
import * as store from './store.ts'

export { allBilled, chargesById, chargesOn, openCharges, type ChargeRow } from './store.ts'

function present({ charge, cancelled, billed }: store.Found): Charge {
  const { id, account_id, description, quantity, unit, unit_price, currency, at, project_id } = charge
  const record = ({ actor, reason, recorded_at }: Pick<store.ChargeRow, 'actor' | 'reason' | 'recorded_at'>) => ({
    actor,
    reason,
    recorded_at: iso(recorded_at),
  })
  return {
    id,
    account_id,
    description,
    quantity,
    unit,
    unit_price,
    currency,
    amount: amountOf(charge),
    at: iso(at),
    project_id,
    state: cancelled ? 'cancelled' : billed ? 'billed' : 'open',
    invoice: billed && { id: billed.invoice_id, number: billed.number },
    recorded: record(charge),
    cancelled: cancelled && record(cancelled),
  }
}

const wrong = (pointer: string, message: string, detail: string) =>
  new Problem('invalid', message, [{ pointer, detail }])

/** Records what an account is charged for once. It stands on its next invoice, or on one of its own. */
export async function addCharge(ctx: Context, account_id: string, input: NewCharge): Promise<Charge> {
  permit(ctx, 'billing.write')
  const account = await getAccount(ctx, account_id)
  const contract = await contractOf(ctx, account_id)
  if (!contract) throw new Problem('conflict', `${account.name} has no contract: nothing can be charged to it.`)
  const { description, quantity, unit, unit_price, reason, project_id = null } = input
  const at = input.at === undefined ? ctx.now() : fromIso(input.at)
  if (at > ctx.now() || at < contract.from)
    throw wrong(
      '/at',
      `What is charged for was done between ${iso(contract.from)}, when the contract began, and now.`,
      'must lie within the contract and not ahead',
    )
  if (project_id !== null && !account.projects.some((one) => one.id === project_id && one.closed_at === null))
    throw wrong('/project_id', `${account.name} has no open project ${project_id}.`, 'must be an open project of it')
  const row: store.ChargeRow = {
    id: newId(),
    account_id,
    contract_id: contract.id,
    description,
    quantity,
    unit,
    unit_price,
    currency: contract.currency,
    at,
    project_id,
    actor: ctx.actor.name,
    reason,
    recorded_at: ctx.now(),
    cut: await openCut(ctx.tx),
  }
  await store.insertCharge(ctx, row)
  const made = await getCharge(ctx, row.id)
  await append(ctx, { type: 'charge.added', subject: { kind: 'charge', id: row.id }, account_id, after: made })
  return made
}

async function requireCharge(ctx: Context, id: string): Promise<store.Found> {
  const [found] = await store.chargesById(ctx, [id])
  if (!found) throw new Problem('not_found', `There is no charge ${id}.`)
  return found
}
export async function getCharge(ctx: Context, id: string): Promise<Charge> {
  permit(ctx, 'billing.read')
  return present(await requireCharge(ctx, id))
}

/** Cancels a charge. One that was billed is credited when its account is rated again. */
export async function cancelCharge(ctx: Context, id: string, reason: string): Promise<Charge> {
  permit(ctx, 'billing.write')
  const { charge } = await requireCharge(ctx, id)
  // an invoice that is being issued takes it or leaves it
  await holdContract(ctx, charge.contract_id)
  const before = await requireCharge(ctx, id)
  const { cancelled } = before
  if (cancelled) throw new Problem('conflict', `It was cancelled already, on ${iso(cancelled.recorded_at)}.`)
  await store.insertCancellation(ctx, {
    charge_id: id,
    account_id: charge.account_id,
    actor: ctx.actor.name,
    reason,
    recorded_at: ctx.now(),
    cut: await openCut(ctx.tx),
  })
  const made = await getCharge(ctx, id)
  await append(ctx, {
    type: 'charge.cancelled',
    subject: { kind: 'charge', id },
    account_id: charge.account_id,
    before: present(before),
    after: made,
  })
  return made
}

const Cursor = z.object({ at: InstantMs, id: Id })
/** Newest first. */
export async function listCharges(ctx: Context, account_id: string, query: ChargeQuery): Promise<Page<Charge>> {
  permit(ctx, 'billing.write')
  await getAccount(ctx, account_id)
  const found = await store.selectCharges(ctx, account_id, query, decodeCursor(query.cursor, Cursor))
  const shown = found.slice(0, query.limit)
  const last = found.length > query.limit ? shown.at(-1) : undefined
  return {
    items: shown.map(present),
    next_cursor: last ? encodeCursor({ at: last.charge.recorded_at, id: last.charge.id }) : null,
    total: null,
  }
}

/** Says, in the transaction that issues a document, that these stand on it. The database refuses to say so of one twice. */
export async function markBilled(
  ctx: Context,
  { id, number, account_id }: { id: string; number: string; account_id: string },
  charge_ids: readonly string[],
): Promise<void> {
  permit(ctx, 'billing.write')
  if (charge_ids.length === 0) return
  await store.insertBilled(
    ctx,
    charge_ids.map((charge_id) => ({ charge_id, account_id, invoice_id: id, number, billed_at: ctx.now() })),
  )
}
