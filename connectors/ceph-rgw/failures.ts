/** What radosgw's refusals and a connection's failures mean, in words that a person can act on. */
import { ConnectorError } from '#connectors/wire.ts'

/** What an admin operation needs, by the first word of its path. */
const CAPS: Readonly<Record<string, string>> = {
  user: 'users=read',
  bucket: 'buckets=read',
  usage: 'usage=read',
  metadata: 'metadata=read',
}
const capOf = (operation: string): string => CAPS[operation.split('/')[0] ?? ''] ?? 'of this operation'

export interface Refusal {
  endpoint: string
  /** e.g. `usage` or `metadata/user` */
  operation: string
  status: number
  /** of the body: JSON, XML or a proxy's page */
  code: string
  uid: string
}

type Meaning = (refusal: Refusal, said: string) => ConnectorError
const MEANINGS: Readonly<Record<string, Meaning>> = {
  AccessDenied: ({ operation }, said) => {
    const cap = capOf(operation)
    return new ConnectorError(
      'refused',
      `${said}: its user lacks the capability ${cap}`,
      `Give it: radosgw-admin caps add --uid=<user> --caps="${cap}"; all that is needed is users=read;buckets=read;usage=read;metadata=read.`,
    )
  },
  RequestTimeTooSkewed: (_, said) =>
    new ConnectorError(
      'refused',
      `${said}: the clocks of the agent’s machine and of radosgw differ by more than 15 minutes`,
      'Set both clocks by NTP.',
    ),
  InvalidAccessKeyId: (_, said) =>
    new ConnectorError(
      'refused',
      `${said}: radosgw knows no such access key`,
      'Correct access_key, or make a new key.',
    ),
  SignatureDoesNotMatch: (_, said) =>
    new ConnectorError(
      'refused',
      `${said}: the secret key is not that of the access key`,
      'Correct secret_key. Behind a proxy, see that it passes the Host header on unchanged.',
    ),
  UserSuspended: (_, said) =>
    new ConnectorError(
      'refused',
      `${said}: the user of this access key is suspended`,
      'Enable it, or use another one.',
    ),
  ExpiredToken: (_, said) => new ConnectorError('refused', `${said}: the key has expired`, 'Make a new key.'),
  SlowDown: (_, said) =>
    new ConnectorError('limit', `${said}: too many requests`, 'Give the source a longer interval.'),
  MethodNotAllowed: (_, said) =>
    new ConnectorError(
      'bad_settings',
      `${said}: there is no admin API at this address`,
      'See admin_path, and that `rgw enable apis` of radosgw has `admin` in it.',
    ),
}

/** The error of an answer that isn't 2xx. */
export function refusal(given: Refusal): ConnectorError {
  const { endpoint, operation, status, code } = given
  const said = `${endpoint} refused ${operation}${given.uid && ` of ${given.uid}`} with ${status}${code && ` ${code}`}`
  const meaning = Object.hasOwn(MEANINGS, code) ? MEANINGS[code] : undefined
  if (meaning) return meaning(given, said)
  if (status === 401 || status === 403)
    return new ConnectorError('refused', said, 'See the access key, its capabilities, and what stands before radosgw.')
  if (status === 429) return new ConnectorError('limit', said, 'Give the source a longer interval.')
  if (status === 502 || status === 503 || status === 504)
    return new ConnectorError(
      'unreachable',
      said,
      'See whether radosgw runs behind its proxy: systemctl status ceph-radosgw@*.',
    )
  if (status >= 300 && status < 400)
    return new ConnectorError(
      'bad_settings',
      `${said}: it points elsewhere`,
      'Give the address that radosgw itself answers at.',
    )
  if (status === 404)
    return new ConnectorError('bad_settings', said, 'See endpoint and admin_path: radosgw’s `rgw admin entry`.')
  return new ConnectorError('bad_answer', said, 'Look into the log of radosgw for this request.')
}

const TLS = /CERT|SIGNED|SSL|TLS|issuer|verify/i

/** The error of a request to which no answer came. */
export function connectionFailure(endpoint: string, error: unknown): ConnectorError {
  const { code = '', message = '' } = error as { code?: unknown; message?: unknown }
  const said = `${String(code)} ${String(message)}`.trim().slice(0, 300)
  if (TLS.test(said))
    return new ConnectorError(
      'refused',
      `${endpoint}: its certificate is not trusted (${said})`,
      'Put the certificate of the authority that signed it into `ca`, and use the name that it was made for.',
    )
  return new ConnectorError(
    'unreachable',
    `${endpoint}: ${said || 'no connection'}`,
    'See that radosgw runs, and that the agent’s machine reaches it.',
  )
}

export const tooSlow = (endpoint: string, operation: string, deadline_ms: number): ConnectorError =>
  new ConnectorError(
    'timeout',
    `${endpoint} gave no answer to ${operation} within ${deadline_ms} ms`,
    'See whether radosgw and the Ceph cluster behind it are well: ceph -s.',
  )

export const notUnderstood = (endpoint: string, operation: string, why: string): ConnectorError =>
  new ConnectorError(
    'bad_answer',
    `${endpoint} answered ${operation} with something else than the admin API documents: ${why}`,
    'See that the endpoint is radosgw itself and not a page of a proxy.',
  )
