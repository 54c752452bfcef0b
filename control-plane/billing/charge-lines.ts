/** Charges as lines of bills. */
import { getLegalEntity } from '../accounts/index.ts'
import type { Language } from '../accounts/contract.ts'
import type { ChargeRow } from '../charges/index.ts'
import { lineOf } from '../charges/rules.ts'
import type { ContractInForce } from '../contracts/index.ts'
import type { Context } from '../db/index.ts'
import type { Line } from '../rating/contract.ts'
import type { DocumentLine } from './contract.ts'
import type { InvoiceRow } from './store.ts'

/** The lines of some charges, taxed as whatever else the company sells. */
export async function chargeLines(
  ctx: Context,
  { legal_entity_id, service_id }: ContractInForce,
  language: Language,
  charges: readonly ChargeRow[],
): Promise<Line[]> {
  if (charges.length === 0) return []
  const { tax_category: category, tax_rate: rate } = await getLegalEntity(ctx, legal_entity_id)
  return charges.map((charge) => lineOf(charge, { service_id, language, tax: { category, rate } }))
}

/** Which charges an invoice bills; a note bills none anew. */
export const chargesIn = (
  { document_type }: Pick<InvoiceRow, 'document_type'>,
  lines: readonly DocumentLine[],
): string[] => (document_type === 'invoice' ? lines.flatMap((line) => (line.one_off ? [line.resource.id] : [])) : [])
