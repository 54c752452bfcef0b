/** Which function prices which kind of vector, and whether it agrees. */
import { differences, type Got } from './compare.ts'
import {
  commitmentVector,
  couponVector,
  creditNoteVector,
  cyclesVector,
  fixedMonthVector,
  invoiceVector,
  planChangeVector,
  prorationVector,
  taxVector,
} from './documents.ts'
import type { Vector } from './file.ts'
import type { Fields } from './input.ts'
import { modelVector } from './models.ts'

const model = (kind: string) => (input: Fields) => modelVector(kind, input)
const KINDS: Record<string, (input: Fields, project: string) => Record<string, Got>> = {
  graduated: model('graduated'),
  volume: model('volume'),
  tiered_blocks: model('tiered_blocks'),
  package: model('package'),
  percentage: model('percentage'),
  graduated_percentage: model('graduated_percentage'),
  min_spend: commitmentVector,
  max_spend: commitmentVector,
  proration: prorationVector,
  proration_30_360: fixedMonthVector,
  billing_cycles: cyclesVector,
  plan_change: planChangeVector,
  tax: taxVector,
  coupon: couponVector,
  credit_note: creditNoteVector,
  invoice: invoiceVector,
}
const SKIPPED: Record<string, string> = {
  credit_allocation: 'credits on an invoice are a matter of settlement, which the product does not have yet',
  wallet: 'there are no wallets yet',
  wallet_topup: 'there are no wallets yet',
}

export interface Judgement {
  verdict: 'passed' | 'failed' | 'skipped'
  why: string[]
}
export function judge({ kind, input, expected, source }: Vector): Judgement {
  const reason = SKIPPED[kind]
  if (reason !== undefined) return { verdict: 'skipped', why: [reason] }
  const priced = KINDS[kind]
  if (!priced) return { verdict: 'failed', why: [`nothing prices the kind ${kind}`] }
  try {
    const why = differences(expected, priced(input, source?.project ?? ''))
    return { verdict: why.length === 0 ? 'passed' : 'failed', why }
  } catch (error) {
    return { verdict: 'failed', why: [error instanceof Error ? error.message : String(error)] }
  }
}
