/** Charges on an invoice of their own: issued by the same path as any, and each billed once. */
import { getAccount, getLegalEntity } from '../accounts/index.ts'
import { permit } from '../base/actor.ts'
import { Problem, sure } from '../base/problem.ts'
import { fromIso, iso } from '../base/time.ts'
import { chargesById, openCharges } from '../charges/index.ts'
import { type ContractInForce, contractOf, holdContract } from '../contracts/index.ts'
import type { ClosedCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { Line } from '../rating/contract.ts'
import { chargeLines } from './charge-lines.ts'
import type { NewOneOffInvoice } from './contract.ts'
import { party, taxesWithReasons } from './draft.ts'
import { type Freezable, freeze } from './finalise.ts'
import { brandingOf, refuseMixed, totalsOf, totalsText } from './rules.ts'

/** Issues charges on an invoice of their own, at a closed cut; returns its id. What was billed before is refused, not billed again. */
export async function issueOneOff(
  ctx: Context,
  account_id: string,
  { charge_ids }: NewOneOffInvoice,
  cut: ClosedCut,
): Promise<string> {
  permit(ctx, 'billing.write')
  const account = await getAccount(ctx, account_id)
  const contract = await contractOf(ctx, account_id)
  if (!contract) throw new Problem('nothing_to_invoice', `${account.name} has no contract.`)
  await holdContract(ctx, contract.id)
  const open = new Map((await openCharges(ctx, contract.id, cut.number)).map((charge) => [charge.id, charge]))
  const wanted = [...new Set(charge_ids)]
  const charges = wanted.flatMap((id) => open.get(id) ?? [])
  if (charges.length < wanted.length) await refuse(ctx, account_id, sure(wanted.find((id) => !open.has(id))))
  const lines = await chargeLines(ctx, contract, account.language, charges)
  const row = await freeze(ctx, await documentOf(ctx, { contract, account, lines, cut: cut.number }))
  await append(ctx, {
    type: 'invoice.finalised',
    subject: { kind: 'invoice', id: row.id },
    account_id,
    after: { number: row.number, total: row.content.totals.total, currency: row.currency, one_off: true },
  })
  return row.id
}

async function refuse(ctx: Context, account_id: string, id: string): Promise<never> {
  const [found] = await chargesById(ctx, [id])
  if (found?.charge.account_id !== account_id)
    throw new Problem('not_found', `There is no charge ${id} of this account.`)
  const { billed } = found
  throw new Problem(
    'conflict',
    billed
      ? `${found.charge.description.en} stands on ${billed.number} already: a charge is billed once.`
      : `${found.charge.description.en} was cancelled, or belongs to another contract: it can't be billed.`,
  )
}

interface OneOff {
  contract: ContractInForce
  account: Awaited<ReturnType<typeof getAccount>>
  lines: readonly Line[]
  cut: number
}
/** Its period is that of what was done. */
async function documentOf(ctx: Context, { contract, account, lines, cut }: OneOff): Promise<Freezable> {
  const { currency } = contract
  const seller = await getLegalEntity(ctx, contract.legal_entity_id)
  const taxes = await taxesWithReasons(ctx, seller.id, lines, currency)
  refuseMixed({ lines, taxes })
  const times = lines.map(({ period }) => fromIso(period.from)).toSorted((a, b) => a - b)
  return {
    document_type: 'invoice',
    one_off: true,
    account_id: account.id,
    contract_id: contract.id,
    period: { from: iso(sure(times[0])), to: iso(sure(times.at(-1)) + 1) },
    cut,
    currency,
    seller: party(seller),
    buyer: party(account),
    ...brandingOf(seller),
    language: account.language,
    zone: account.zone,
    lines,
    taxes,
    totals: totalsText(totalsOf(lines, taxes, currency), currency),
  }
}
