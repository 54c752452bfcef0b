/** Planted fault: the error of a token that isn't valid holds the token. */
import { ConnectorError } from '#connectors/contract.ts'
import { collecting } from './wrapped.ts'

export const leaksItsSecret = collecting(async (signal, session, { token }) => {
  try {
    return await session.collect(signal)
  } catch (error) {
    if (!(error instanceof ConnectorError) || !error.message.includes('not valid')) throw error
    throw new ConnectorError('refused', `the token ${token} is not valid`, error.remedy)
  }
})
