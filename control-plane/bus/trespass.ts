/** What a nats-server says of those whom it refused, in our words: its advisories to the system account, and lines of its log. Pure. */
import { claimsIn } from './claims.ts'

export interface Trespass {
  reason:
    | 'foreign_subject'
    | 'expired_credential'
    | 'revoked_credential'
    | 'stolen_credential'
    | 'refused_credential'
    | 'oversize_message'
    | 'too_many_subscriptions'
  /** of the user whom the server knew, or whom the shown JWT names; null where nothing says */
  public_key: string | null
  detail: string
}

const DETAIL_LENGTH = 200
const VIOLATION =
  / - (Publish|Subscription) Violation - (?:Nkey|User) "(U[A-Z2-7]{55})".*?, Subject "((?:[^"\\]|\\.)*)"/

/** A line of the server's log; only there does it tell of refused subjects. */
export function trespassInLog(line: string): Trespass | null {
  const [, verb, public_key, subject] = VIOLATION.exec(line) ?? []
  if (!verb || !public_key || subject === undefined) return null
  const tried = verb === 'Publish' ? 'to publish to' : 'to listen to'
  return { reason: 'foreign_subject', public_key, detail: `It tried ${tried} ${subject}`.slice(0, DETAIL_LENGTH) }
}

interface Advisory {
  reason?: unknown
  client?: { user?: unknown; jwt?: unknown }
}

const CUTS: Readonly<Record<string, [Trespass['reason'], string]>> = {
  'Authentication Expired': ['expired_credential', 'Its credential ran out while it was connected.'],
  'Credentials Revoked': ['revoked_credential', 'It was cut off: its credential was revoked.'],
  'Maximum Message Payload Exceeded': [
    'oversize_message',
    'It sent a message larger than an agent may, and was cut off.',
  ],
  'Maximum Subscriptions Exceeded': ['too_many_subscriptions', 'It asked for more subscriptions than an agent may.'],
}

const keyIn = (value: unknown): string | null => (/^U[A-Z2-7]{55}$/.test(String(value)) ? String(value) : null)

/** `$SYS.ACCOUNT.*.DISCONNECT`: why somebody who was connected is no longer; null for a usual end. */
export function trespassInCut(advisory: Advisory): Trespass | null {
  const [reason, detail] = CUTS[String(advisory.reason)] ?? []
  return reason && detail ? { reason, detail, public_key: keyIn(advisory.client?.user) } : null
}

/**
 * `$SYS.SERVER.*.CLIENT.AUTH.ERR`: who was not let in. The server says no why; the shown JWT does. Whom a forged one names is only what it
 * claims. `now` in milliseconds.
 */
export function trespassAtDoor(advisory: Advisory, now: number): Trespass {
  const refused = (reason: Trespass['reason'], public_key: string | null, detail: string) => ({
    reason,
    public_key,
    detail,
  })
  const shown = claimsIn(advisory.client?.jwt)
  const named = keyIn(shown?.sub)
  if (!shown || !named) return refused('refused_credential', null, 'It showed no credential that could be read.')
  if (keyIn(advisory.client?.user) !== named)
    return refused('stolen_credential', named, 'Somebody showed its credential without its key.')
  if (shown.exp !== undefined && shown.exp * 1_000 <= now)
    return refused('expired_credential', named, 'It showed a credential that has run out.')
  return refused('refused_credential', named, 'It showed a credential that is revoked or was not issued here.')
}
