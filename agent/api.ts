/** Asks the control plane over HTTP: for enrolment and for credentials; everything else goes over NATS. */

const ANSWER_MS_MAX = 30_000

/** The control plane answered, and said no in words. */
export class Unwilling extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.name = 'Unwilling'
    this.status = status
  }
}

/** GET without a body, else POST, once for each `key`. `url` is the control plane's own, `path` below its API. */
export async function ask(url: string, path: string, body?: unknown, key?: string): Promise<unknown> {
  const at = new URL(`api/v1/${path}`, url.endsWith('/') ? url : `${url}/`)
  let response: Response
  try {
    response = await fetch(at, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json, application/problem+json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      redirect: 'error',
    })
  } catch (error) {
    throw new Error(
      `the control plane at ${at.origin} didn't answer (${error instanceof Error ? error.message : error}): check the address, and that it runs`,
      { cause: error },
    )
  }
  const answer: unknown = await response.json().catch(() => null)
  if (response.ok) return answer
  const problem = (answer ?? {}) as { title?: unknown; detail?: unknown }
  const said = [problem.detail, problem.title].find((one) => typeof one === 'string')
  throw new Unwilling(response.status, said ?? `${at.origin} answered ${response.status}, and gave no reason`)
}
