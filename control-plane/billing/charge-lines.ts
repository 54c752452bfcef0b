/** Charges as lines of bills. */
import type { Language } from '../accounts/contract.ts'
import type { ChargeRow } from '../charges/index.ts'
import { lineOf } from '../charges/rules.ts'
import type { ContractInForce } from '../contracts/index.ts'
import type { Context } from '../db/index.ts'
import type { Line } from '../rating/contract.ts'
import { taxesOfSupply } from '../tax/index.ts'
import type { DocumentLine } from './contract.ts'
import type { InvoiceRow } from './store.ts'

/** The lines of some charges, taxed as whatever else the company sells. */
export async function chargeLines(
  ctx: Context,
  { legal_entity_id, account_id, service_id }: ContractInForce,
  language: Language,
  charges: readonly ChargeRow[],
): Promise<Line[]> {
  if (charges.length === 0) return []
  const to = 1 + Math.max(...charges.map(({ at }) => at))
  const { standard: tax } = await taxesOfSupply(ctx, { legal_entity_id, account_id, to })
  return charges.map((charge) => lineOf(charge, { service_id, language, tax }))
}

/** Which charges an invoice bills; a note bills none anew. */
export const chargesIn = (
  { document_type }: Pick<InvoiceRow, 'document_type'>,
  lines: readonly DocumentLine[],
): string[] => (document_type === 'invoice' ? lines.flatMap((line) => (line.one_off ? [line.resource.id] : [])) : [])
