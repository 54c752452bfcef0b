/** The mirror of a line on a credit note: the original's rate, and never more than is left of it. Pure. */
import { assert } from '../base/problem.ts'
import { taxOf } from './rules.ts'

export interface Credited {
  net: bigint
  tax: bigint
}

/**
 * Tax of a note by the rate of the original; the note that takes the rest of the net takes the rest of the tax, so that all notes
 * together mirror their invoice to the cent. All in minor units.
 */
export function creditNote(
  original_net: bigint,
  net: bigint,
  rate: string,
  currency: string,
  earlier: readonly Credited[] = [],
): Credited & { total: bigint } {
  const net_left = earlier.reduce((left, note) => left - note.net, original_net)
  const tax_left = earlier.reduce((left, note) => left - note.tax, taxOf(original_net, rate, currency))
  assert(net <= net_left, 'a credit note takes no more than is left of its line')
  const own = taxOf(net, rate, currency)
  const tax = net === net_left || own > tax_left ? tax_left : own
  return { net, tax, total: net + tax }
}
