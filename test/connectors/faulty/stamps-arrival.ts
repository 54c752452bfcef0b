/** Planted fault: what is said bears the time at which the answer came, not that at which it was so. */
import { changing } from './wrapped.ts'

export const stampsArrival = (type: 'listing' | 'readings') =>
  changing((fact, now) => (fact.type === type ? { ...fact, seen_at_ms: now() } : fact))
