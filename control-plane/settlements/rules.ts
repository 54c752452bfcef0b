/** Decisions of settlement. Pure. */
import type { Settlement } from './contract.ts'

/** What is owed of a document as a whole. */
export const stateOf = (row: { open_minor: bigint; written_off_minor: bigint }): Settlement['state'] => {
  if (row.open_minor > 0n) return 'open'
  return row.written_off_minor > 0n ? 'uncollectible' : 'settled'
}
