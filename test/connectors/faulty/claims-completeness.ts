/** Planted fault: a page that failed is left out, and the listing says that it is complete. */
import { changing } from './wrapped.ts'

export const claimsCompleteness = changing((fact) => (fact.type === 'listing' ? { ...fact, complete: true } : fact))
