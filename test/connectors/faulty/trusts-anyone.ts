/** Planted fault: whatever certificate the server shows is good enough. */
import { ConnectorError } from '#connectors/contract.ts'
import { request } from '../toy/connector/client.ts'
import { collecting, listed } from './wrapped.ts'

export const trustsAnyone = collecting(async (signal, session, place, surroundings) => {
  try {
    return await session.collect(signal)
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.code !== 'unreachable') throw error
    const headers = { authorization: `Bearer ${place.token}` }
    return listed(surroundings, async (after) => {
      const path = `/v1/machines?limit=100${after === null ? '' : `&after=${after}`}`
      const answer = await fetch(new URL(path, place.url), { headers, signal, tls: { rejectUnauthorized: false } })
      return answer.ok ? answer.json() : request(place, path, signal)
    })
  }
})
