/** Planted fault: it waits for an answer without any limit, and doesn't hear the agent either. */
import { collecting } from './wrapped.ts'

export const hangs = collecting(async (signal, session, { url, token, ca }) => {
  const headers = { authorization: `Bearer ${token}` }
  const tls = { ...(ca !== undefined && { ca }) }
  // whatever else is wrong, the good one finds it below
  await fetch(new URL('/v1/machines?limit=1', url), { headers, tls }).catch(() => null)
  return session.collect(signal)
})
