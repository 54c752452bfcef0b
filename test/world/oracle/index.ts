/**
 * The oracle: what must follow from a truth, by brute force. It reads no message and shares no code with the product; the
 * specification is the model of resources and the rules of money.
 */
import type { Outcome, OutcomeBill } from '../outcome.ts'
import type { Account, Decision, Instant, Truth } from '../truth.ts'
import { nextBill } from './bills.ts'
import { type Known, type World, worldOf } from './known.ts'
import { addHours, flowsOf } from './usage.ts'
import { observed } from './versions.ts'

/** The whole outcome of a truth at its end. */
export function expected(truth: Truth): Outcome {
  const world = worldOf(truth)
  const now: Known = { world, at: truth.end, decisions: truth.decisions }
  const out: Outcome = { versions: {}, usage: {}, invoices: {}, drafts: {} }
  for (const machine of truth.machines) {
    const { versions, born_after } = observed(machine, now)
    if (versions.length > 0) out.versions[machine.key] = versions
    addHours(out.usage, machine.key, flowsOf(machine, born_after, now))
  }
  for (const account of truth.accounts) {
    const issued = issue(account, world)
    issued.forEach((bill, index) => (out.invoices[`${account.key} ${index + 1}`] = bill))
    const next = nextBill(account, endOf(issued), truth.end, now)
    if (next) out.drafts[account.key] = next.bill
  }
  return out
}

type Finalise = Extract<Decision, { type: 'finalise' }>
const endOf = (issued: readonly OutcomeBill[]): Instant | null => issued.at(-1)?.period.to ?? null

/** The account's invoices, each as known when it was asked for. Nothing is issued without a line, with usage that has no price, or with a gap that holds it back. */
function issue(account: Account, world: World): OutcomeBill[] {
  const issued: OutcomeBill[] = []
  const { decisions } = world.truth
  for (const [index, asked] of decisions.entries()) {
    if (!isFinalise(asked, account)) continue
    const known = { world, at: asked.at, decisions: decisions.slice(0, index) }
    const next = nextBill(account, endOf(issued), asked.as_of, known)
    if (next && next.bill.lines.length > 0 && !next.refused) issued.push(next.bill)
  }
  return issued
}

const isFinalise = (decision: Decision, account: Account): decision is Finalise =>
  decision.type === 'finalise' && decision.account === account.key
