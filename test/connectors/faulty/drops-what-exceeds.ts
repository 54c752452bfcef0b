/** Planted fault: what doesn't fit into one part is left out without a word. */
import { LIMITS } from '#connectors/contract.ts'
import { changing } from './wrapped.ts'

export const dropsWhatExceeds = changing((fact) =>
  fact.type === 'listing' ? { ...fact, resources: fact.resources.slice(0, LIMITS.rowsPerPart) } : fact,
)
