/** Planted fault: pages are asked for by a count from the start, so that what comes or goes before them shifts the rest. */
import { request } from '../toy/connector/client.ts'
import { collecting, listed } from './wrapped.ts'

export const countsPages = collecting(async (signal, _session, place, surroundings) => {
  const facts = await listed(surroundings, (_after, read) =>
    request(place, `/v1/machines?limit=100&offset=${read}`, signal),
  )
  // it has seen that a machine may come twice, and thinks that this is all
  return facts.map((fact) => {
    if (fact.type !== 'listing') return fact
    const unique = new Map(fact.resources.map((one) => [one.external_id, one]))
    return { ...fact, resources: [...unique.values()] }
  })
})
