/** Planted fault: a vendor's id stands for a machine for ever, also when it was given to another one. */
import { changing } from './wrapped.ts'

export const reusesIdentity = changing((fact) => {
  if (fact.type === 'listing') return { ...fact, resources: fact.resources.map((one) => ({ ...one, incarnation: '' })) }
  return fact.type === 'readings' ? { ...fact, resource: { ...fact.resource, incarnation: '' } } : fact
})
