/** Planted fault: a refusal for too many requests is answered by more of them, at once. */
import { ConnectorError } from '#connectors/contract.ts'
import { collecting } from './wrapped.ts'

export const hammers = collecting(async (signal, session) => {
  for (;;)
    try {
      return await session.collect(signal)
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.code !== 'limit' || signal.aborted) throw error
    }
})
