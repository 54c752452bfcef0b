/** Planted fault: one epoch for ever, so that a counter that began anew falls, or seems to go on. */
import { changing } from './wrapped.ts'

export const ignoresResets = changing((fact) =>
  fact.type === 'readings' ? { ...fact, epoch: { id: fact.resource.incarnation ?? '' } } : fact,
)
