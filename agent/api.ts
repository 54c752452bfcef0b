/** Asks the control plane over HTTP: for enrolment, credentials and new versions; everything else goes over NATS. */

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

interface Asked {
  path: string
  accept: string
  body: unknown
  signal: AbortSignal
  key?: string | undefined
}

/** GET without a body, else POST, once for each `key`. `url` is the control plane's own, `path` below its API. */
async function answerOf(url: string, { path, accept, body, signal, key }: Asked) {
  const at = new URL(`api/v1/${path}`, url.endsWith('/') ? url : `${url}/`)
  let response: Response
  try {
    response = await fetch(at, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: `${accept}, application/problem+json`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal,
      redirect: 'error',
    })
  } catch (error) {
    throw new Error(
      `the control plane at ${at.origin} didn't answer (${error instanceof Error ? error.message : error}): check the address, and that it runs`,
      { cause: error },
    )
  }
  if (response.ok) return response
  const problem = ((await response.json().catch(() => null)) ?? {}) as { title?: unknown; detail?: unknown }
  const said = [problem.detail, problem.title].find((one) => typeof one === 'string')
  throw new Unwilling(response.status, said ?? `${at.origin} answered ${response.status}, and gave no reason`)
}

export async function ask(url: string, path: string, body?: unknown, key?: string): Promise<unknown> {
  const signal = AbortSignal.timeout(ANSWER_MS_MAX)
  const response = await answerOf(url, { path, accept: 'application/json', body, signal, key })
  return await response.json().catch(() => null)
}

/** A file, as it comes; `signal` ends it where it stands. */
export async function askFile(url: string, path: string, body: unknown, signal: AbortSignal) {
  const response = await answerOf(url, { path, accept: 'application/octet-stream', body, signal })
  if (!response.body) throw new Error('the control plane answered with no file')
  return response.body
}
