/** Several failures of one tick, told as one. */
import { ConnectorError } from './wire.ts'

const TOLD_MAX = 8

/** The code and remedy of the first; what each says, once; and how many more there are. */
export function asOne(first: ConnectorError, others: readonly ConnectorError[]): ConnectorError {
  const messages = [...new Set([first, ...others].map(({ message }) => message))]
  if (messages.length === 1) return first
  const more = messages.length > TOLD_MAX ? `; and ${messages.length - TOLD_MAX} more failures` : ''
  return new ConnectorError(first.code, `${messages.slice(0, TOLD_MAX).join('; ')}${more}`, first.remedy)
}
