/** What OpenStack's services refuse, in words that a person can act on. */
import type { Answer } from '#connectors/http.ts'
import { ConnectorError } from '#connectors/wire.ts'

const SAID_CHARS = 300

/** A refusal with the status by which it came. */
export class Refusal extends ConnectorError {
  readonly status: number
  constructor(status: number, code: ConnectorError['code'], message: string, remedy: string) {
    super(code, message, remedy)
    this.status = status
  }
}

/** Each service wraps its words in an object of its own: `error`, `forbidden`, `badRequest`, `NeutronError` … */
function saidIn(text: string): string {
  try {
    const body = JSON.parse(text) as Record<string, unknown> | null
    for (const part of [body, ...Object.values(body ?? {})]) {
      const said = typeof part === 'object' && part !== null ? (part as { message?: unknown }).message : part
      if (typeof said === 'string' && said.trim() !== '')
        return said.replaceAll(/\s+/g, ' ').trim().slice(0, SAID_CHARS).toWellFormed()
    }
  } catch {
    // not JSON: a proxy's page, of which nothing is repeated
  }
  return ''
}

export function refusal(service: string, place: string, answer: Answer): Refusal {
  const { status } = answer
  const said = saidIn(answer.text)
  const message = `${service} at ${place} answers ${status}${said && `: ${said}`}`
  if (status === 401)
    return new Refusal(
      status,
      'refused',
      message,
      'Check the credential: the user or application credential must exist, be enabled and not expired, and its domain and project be right.',
    )
  if (status === 403)
    return new Refusal(
      status,
      'refused',
      message,
      'Give the credential the role `reader` in its project; to read all projects it needs `admin` (or what the cloud’s policy asks for), or take `All projects` off.',
    )
  // before 429 was known, Nova said so by it
  if (status === 413)
    return new Refusal(status, 'limit', message, 'Give the source a longer interval, or raise the limit of requests.')
  if (status === 404 || status === 400 || status === 406)
    return new Refusal(
      status,
      'bad_answer',
      message,
      'See that the address is that of Keystone (it ends with /v3), and that region and interface are right.',
    )
  return new Refusal(status, 'unreachable', message, `See the log of ${service}, and whether it is up.`)
}

export const badAnswer = (service: string, what: string): ConnectorError =>
  new ConnectorError(
    'bad_answer',
    `${service}: ${what}`.slice(0, 500),
    'See that nothing else answers in its place (a proxy, a login page); else report this as a fault.',
  )
