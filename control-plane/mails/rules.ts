/** Decisions of mails: whom they go to, when one is tried again, and what an error says of it. Pure. */
import { sha256 } from '#connectors/contract.ts'
import { HOUR_MS, type Instant } from '../base/time.ts'
import { MailAddress } from './contract.ts'

export interface Recipients {
  addresses: string[]
  /** what stands between them and is no address */
  wrong: string[]
}
/** The addresses in a field that may hold several, each once, whatever case its domain is written in. */
export function recipientsIn(text: string): Recipients {
  const parts = text.split(/[,;\s]+/).filter((part) => part !== '')
  const of = (isRight: boolean) => parts.filter((part) => MailAddress.safeParse(part).success === isRight)
  return { addresses: [...new Map(of(true).map((one) => [sameAs(one), one])).values()], wrong: [...new Set(of(false))] }
}
const sameAs = (address: string): string => {
  const at = address.lastIndexOf('@')
  return address.slice(0, at) + address.slice(at).toLowerCase()
}

/** The same mail has the same id however often it is tried, so that servers and readers can tell it from another. */
export const messageId = (subject_id: string, recipient: string, copy: number, domain: string): string =>
  `<${subject_id}.${sha256(`${recipient}/${copy}`).slice(0, 16)}@${domain}>`

const FIRST_WAIT_MS = 60_000
const LONGEST_WAIT_MS = 4 * HOUR_MS
/** RFC 5321, 4.5.4.1: at least four to five days. */
const GIVE_UP_MS = 5 * 24 * HOUR_MS

/** How long until the next try, after so many. */
export const waitMs = (attempts: number): number =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(20, Math.max(0, attempts - 1)))

/** What became of one try. */
export type Outcome =
  | { state: 'sent'; answer: string }
  | { state: 'again'; reason: string }
  | { state: 'failed'; reason: string }
  | { state: 'unknown'; reason: string }

/** What the library says of an error; `responseCode` is the server's, of the `command` that it answered. */
export interface SmtpError {
  responseCode?: number | false | undefined
  response?: string | undefined
  command?: string | undefined
  code?: string | undefined
  originalCode?: string | undefined
}

/** Commands that are about this mail; what is said of others, such as a password, is about our server. */
const OF_THE_MAIL = /^(MAIL FROM|RCPT TO|DATA)/

/**
 * A server's answer about the mail is believed: 5xx is for good, 4xx for now. Without one, what was handed over may have been taken,
 * and what wasn't handed over was not.
 */
export function outcomeOf(error: SmtpError, wasHanded: boolean): Outcome {
  const { responseCode, command = '' } = error
  const reason = reasonOf(error)
  if (responseCode && OF_THE_MAIL.test(command)) return { state: responseCode >= 500 ? 'failed' : 'again', reason }
  return wasHanded ? { state: 'unknown', reason } : { state: 'again', reason }
}

const REASON_MAX = 500
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f]+/g
/** What a server says may be anything: one line of it is kept. */
export const oneLine = (text: string): string => text.replaceAll(CONTROL, ' ').trim().slice(0, REASON_MAX)
const reasonOf = ({ response, code, originalCode }: SmtpError): string =>
  oneLine(response || `no answer (${originalCode ?? code ?? 'the connection broke'})`)

/** A mail that found no server for days is not tried for ever. */
export const isGivenUp = (queued_at: Instant, now: Instant): boolean => now - queued_at > GIVE_UP_MS
