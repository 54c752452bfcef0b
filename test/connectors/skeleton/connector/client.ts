/** Speaks to example: every request is bounded in time and size, and its server must be of an authority that is trusted. */
import { ConnectorError } from '#connectors/contract.ts'

const LIMITS = { request_ms: 10_000, answer_bytes: 8 * 1024 * 1024 } as const

export interface Place {
  url: string
  token: string
  /** PEM of the authority that signed the server's certificate; the system's own where it is left out */
  ca?: string | undefined
}

/** What the vendor answered, as JSON. */
export async function request({ url, token, ca }: Place, path: string, signal: AbortSignal): Promise<unknown> {
  const time = AbortSignal.timeout(LIMITS.request_ms)
  try {
    const answer = await fetch(new URL(path, url), {
      headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
      redirect: 'error',
      signal: AbortSignal.any([signal, time]),
      tls: { ...(ca !== undefined && { ca }), rejectUnauthorized: true },
    })
    if (!answer.ok) throw refusal(path, answer)
    return await json(path, answer)
  } catch (error) {
    if (error instanceof ConnectorError) throw error
    signal.throwIfAborted()
    if (time.aborted)
      throw new ConnectorError('timeout', `${path}: no answer within ${LIMITS.request_ms} ms`, 'See whether it is up.')
    throw unreachable(url, error)
  }
}

async function json(path: string, answer: Response): Promise<unknown> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of answer.body ?? []) {
    bytes += part.length
    if (bytes > LIMITS.answer_bytes)
      throw new ConnectorError('limit', `${path}: more than ${LIMITS.answer_bytes} bytes`, 'Report this as a fault.')
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown
  } catch {
    throw new ConnectorError(
      'bad_answer',
      `${path}: the answer is not JSON`,
      'See what stands between: a proxy, a login page?',
    )
  }
}

/** Nothing that the vendor says in its body is repeated: it may hold what was sent. */
function refusal(path: string, { status, headers }: Response): ConnectorError {
  if (status === 401) return new ConnectorError('refused', `${path}: the token is not valid`, 'Make a new token.')
  if (status === 403)
    return new ConnectorError('refused', `${path}: the token may not read it`, 'Give it the right to read.')
  if (status !== 429) return new ConnectorError('bad_answer', `${path}: status ${status}`, 'See the log of the vendor.')
  const wait = headers.get('retry-after') ?? 'some'
  return new ConnectorError(
    'limit',
    `${path}: too many requests; it asks to wait ${wait} s`,
    'Give the source a longer interval.',
  )
}

function unreachable(url: string, error: unknown): ConnectorError {
  const { code = 'no code' } = error as { code?: string }
  const remedy = /CERT|SIGNATURE|ISSUER/.test(code)
    ? 'Give the authority of its certificate in the settings.'
    : 'See that the address is right and that the agent reaches it.'
  return new ConnectorError('unreachable', `${new URL(url).host} can't be reached: ${code}`, remedy)
}
