/** Planted fault: who bought a machine isn't said. */
import { changing } from './wrapped.ts'

export const dropsTheLabel = changing((fact) =>
  fact.type === 'listing' ? { ...fact, resources: fact.resources.map((one) => ({ ...one, attributes: {} })) } : fact,
)
