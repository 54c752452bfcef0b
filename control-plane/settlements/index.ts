/** Verbs of settlement: what a document leaves open, and giving up what nobody will pay. */
import { permit } from '../base/actor.ts'
import { parseDecimal } from '../base/exact.ts'
import { newId } from '../base/id.ts'
import { exponentOf, majorText, toMinor } from '../base/money.ts'
import { Problem, sure } from '../base/problem.ts'
import { iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { NewWriteOff, Receivables, Settlement, WriteOff } from './contract.ts'
import { stateOf } from './rules.ts'
import * as store from './store.ts'

export { differing } from './store.ts'

export interface Owed {
  invoice_id: string
  account_id: string
  number: string
  currency: string
  total_minor: bigint
}
/** Beside each document that is owed, in the transaction that issues it. */
export async function openSettlement(ctx: Context, owed: Owed): Promise<void> {
  permit(ctx, 'billing.write')
  const nothing = { credited_minor: 0n, written_off_minor: 0n }
  await store.insertSettlement(ctx, { ...owed, ...nothing, open_minor: owed.total_minor })
}
/** A credit note takes from what its invoice leaves open. */
export async function credit(ctx: Context, invoice_id: string, amount_minor: bigint): Promise<void> {
  permit(ctx, 'billing.write')
  await store.change(ctx, invoice_id, { credited: amount_minor })
}

const present = (row: store.SettlementRow): Settlement => {
  const money = (minor: bigint) => majorText(minor, row.currency)
  return {
    state: stateOf(row),
    currency: row.currency,
    total: money(row.total_minor),
    credited: money(row.credited_minor),
    written_off: money(row.written_off_minor),
    open: money(row.open_minor),
  }
}
/** What of some documents is open; that a debt was given up is nothing to tell to who owes it. */
export async function settlementsOf(ctx: Context, ids: readonly string[]): Promise<Map<string, Settlement>> {
  permit(ctx, 'billing.read')
  if (ctx.actor.account_id !== null) return new Map()
  return new Map((await store.settlementsOf(ctx, ids)).map((row) => [row.invoice_id, present(row)]))
}

export async function receivables(ctx: Context): Promise<Receivables> {
  permit(ctx, 'billing.write')
  const sums = await store.sums(ctx)
  return {
    items: sums.map(({ currency, ...each }) => {
      const money = (text: string) => majorText(BigInt(text), currency)
      return {
        currency,
        total: money(each.total),
        credited: money(each.credited),
        written_off: money(each.written_off),
        open: money(each.open),
      }
    }),
  }
}

async function hold(ctx: Context, invoice_id: string): Promise<store.SettlementRow> {
  const row = await store.holdSettlement(ctx, invoice_id)
  if (!row) throw new Problem('not_found', `There is no invoice ${invoice_id} that is owed.`)
  return row
}

function written({ made, reversed }: store.FoundWriteOff, currency: string): WriteOff {
  const record = ({ actor, reason, recorded_at }: Pick<store.ReversalRow, 'actor' | 'reason' | 'recorded_at'>) => ({
    actor,
    reason,
    recorded_at: iso(recorded_at),
  })
  return {
    id: made.id,
    invoice_id: made.invoice_id,
    amount: majorText(made.amount_minor, currency),
    recorded: record(made),
    reversed: reversed && record(reversed),
  }
}

/** Marks what is open of a document, or a part of it, as uncollectible. */
export async function writeOff(ctx: Context, invoice_id: string, input: NewWriteOff): Promise<WriteOff> {
  permit(ctx, 'billing.write')
  const row = await hold(ctx, invoice_id)
  const amount_minor = amountOf(input.amount, row)
  if (amount_minor > row.open_minor || row.open_minor <= 0n)
    throw new Problem(
      'conflict',
      `${majorText(row.open_minor, row.currency)} ${row.currency} of ${row.number} are open: no more can be written off.`,
    )
  const made = {
    id: newId(),
    invoice_id,
    account_id: row.account_id,
    amount_minor,
    reason: input.reason,
    actor: ctx.actor.name,
    recorded_at: ctx.now(),
  }
  await store.insertWriteOff(ctx, made)
  await store.change(ctx, invoice_id, { written_off: amount_minor })
  const after = written({ made, reversed: null }, row.currency)
  await tell(ctx, 'invoice.written_off', row, { number: row.number, ...after })
  return after
}

function amountOf(text: string | undefined, { open_minor, currency }: store.SettlementRow): bigint {
  if (text === undefined) return open_minor
  const amount = parseDecimal(text, exponentOf(currency))
  if (amount) return toMinor(amount, currency)
  throw new Problem('invalid', `An amount in ${currency} has at most ${exponentOf(currency)} decimals.`, [
    { pointer: '/amount', detail: `must have at most ${exponentOf(currency)} decimals` },
  ])
}

/** Undoes a write-off: what was given up is open again. */
export async function reverseWriteOff(ctx: Context, id: string, reason: string): Promise<WriteOff> {
  permit(ctx, 'billing.write')
  const missing = new Problem('not_found', `There is no write-off ${id}.`)
  const before = await store.findWriteOff(ctx, id)
  if (!before) throw missing
  const row = await hold(ctx, before.made.invoice_id)
  const { made, reversed: known } = sure(await store.findWriteOff(ctx, id))
  if (known) throw new Problem('conflict', `It was reversed already, on ${iso(known.recorded_at)}.`)
  const { account_id, amount_minor } = made
  const reversed = { write_off_id: id, account_id, reason, actor: ctx.actor.name, recorded_at: ctx.now() }
  await store.insertReversal(ctx, reversed)
  await store.change(ctx, made.invoice_id, { written_off: -amount_minor })
  const after = written({ made, reversed }, row.currency)
  await tell(ctx, 'invoice.write_off_reversed', row, { number: row.number, ...after })
  return after
}

/** The write-offs of a document with their reversals, oldest first. */
export async function listWriteOffs(ctx: Context, invoice_id: string): Promise<WriteOff[]> {
  permit(ctx, 'billing.write')
  const { currency } = await hold(ctx, invoice_id)
  return (await store.writeOffsOf(ctx, invoice_id)).map((one) => written(one, currency))
}

const tell = (ctx: Context, type: string, { invoice_id, account_id }: store.SettlementRow, after: object) =>
  append(ctx, { type, subject: { kind: 'invoice', id: invoice_id }, account_id, after })
