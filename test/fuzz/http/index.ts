/** Every route of the API with damaged parameters, headers and bodies: never a 500, always a problem in words, nothing told that is secret. */
import type { Random } from '../random.ts'
import { smallerBytes } from '../shrink.ts'
import { type AnyTarget, target } from '../target.ts'
import type { Application } from './application.ts'
import { idsOf, type Route, routesOf, Values } from './description.ts'
import { Document } from './document.ts'
import { makeRequest, type Sent } from './request.ts'
import { overSocket } from './socket.ts'
import { wrongAnswer } from './verdict.ts'

/** At least so many of the answers are no refusals, or what lies behind the checks is not tried. */
const ANSWERED_MIN = 0.2
const ORIGIN = 'http://fuzz.example'
const TIME_MAX_MS = 10_000
/** of a stream that never ends, so much is read */
const STREAM_BYTES_MAX = 4_096

/** The text of an answer; of a stream without end its beginning. */
async function textOf(answer: Response): Promise<string> {
  if (!(answer.headers.get('content-type') ?? '').startsWith('text/event-stream')) return answer.text()
  await answer.body?.cancel()
  return ''.slice(0, STREAM_BYTES_MAX)
}

const show = ({ method, path, headers, body }: Sent): string =>
  `${method} ${path} ${JSON.stringify(headers)} ${body ? new TextDecoder().decode(body) : ''}`
/** For people: no credential in it. */
const masked = (text: string): string => text.replaceAll(/atalaya_(key|session)_[\w-]+/g, '<$1>')

/** The innermost error of a log line: what the database said, not what it was asked. */
function reasonIn(line: string): string {
  let error = (JSON.parse(line || '{}') as { err?: LoggedError }).err
  while (error?.cause) error = error.cause
  const message = (error?.message ?? line).replaceAll(/\s+/g, ' ')
  return `${error?.code ?? ''} ${message.slice(0, 150)} … ${message.slice(-300)} ${(error?.stack ?? '').slice(-400)}`
}
interface LoggedError {
  message?: string
  code?: string
  stack?: string
  cause?: LoggedError
}

interface Trial {
  application: Application
  document: Document
  /** answers by their status */
  answers: Map<number, number>
  /** routes that did what they are for */
  done: Set<string>
}

async function trial({ application, document, answers, done }: Trial, sent: Sent): Promise<string | null> {
  const { fetch, secrets, key, others, lastError } = application
  let request: Request
  try {
    const { method, path, headers, body } = sent
    request = new Request(ORIGIN + path, { method, headers, ...(body ? { body: body as BodyInit } : {}) })
  } catch {
    // no client could send it: over the socket it is tried all the same
    return null
  }
  const started = performance.now()
  const answer = await fetch(request)
  const text = await textOf(answer)
  const took_ms = performance.now() - started
  if (took_ms > TIME_MAX_MS) return `it took ${Math.round(took_ms)} ms to answer`
  answers.set(answer.status, (answers.get(answer.status) ?? 0) + 1)
  if (answer.status < 400) done.add(document.routeOf(sent) ?? '')
  const own = secrets.filter((secret) => !(secret === key || others.includes(secret)) || !sent.path.includes(secret))
  if (answer.status === 500) return `answered 500: ${reasonIn(lastError())}`
  // the answer to HEAD has the head of one, and no body
  if (sent.method === 'HEAD') return answer.status > 500 ? `answered ${answer.status}` : null
  const answered = { status: answer.status, type: answer.headers.get('content-type') ?? '', text }
  return wrongAnswer(answered, show(sent), own) ?? unguarded(answer.headers) ?? document.wrong(sent, answered)
}

/** Headers that no answer lacks, whatever was asked. */
const ALWAYS = ['content-security-policy', 'x-content-type-options', 'x-frame-options', 'x-request-id']
const unguarded = (headers: Headers): string | null => {
  const missing = ALWAYS.filter((name) => !headers.has(name))
  return missing.length > 0 ? `an answer lacks ${missing.join(', ')}` : null
}

/** So many requests reach each route often enough to be done once. */
const ENOUGH = 15_000
/** Routes that chance doesn't do, or not surely: a token that is shown once, a demo, one machine in two realms, a draft before it is invoiced, a role that nobody has, an image. */
const NEVER_DONE = new Set([
  'PATCH /api/v1/roles/{id}',
  'DELETE /api/v1/roles/{id}',
  'GET /api/v1/accounts/{id}/draft/lines/{line}/explanation',
  'POST /api/v1/agents/enrol',
  // signed by an agent's key
  'POST /api/v1/agents/renew',
  'POST /api/v1/agents/updates',
  'POST /api/v1/agents/updates/file',
  // signed by a release key, and what follows from it
  'POST /api/v1/agent-releases',
  'PUT /api/v1/agent-releases/{id}/file',
  'DELETE /api/v1/agent-releases/{id}',
  'POST /api/v1/agent-rollouts',
  'GET /api/v1/agent-rollouts/{id}',
  'POST /api/v1/agent-rollouts/{id}/pause',
  'POST /api/v1/agent-rollouts/{id}/resume',
  'POST /api/v1/agent-rollouts/{id}/roll-back',
  'DELETE /api/v1/demo',
  // each wants the state that the one before left
  'PATCH /api/v1/period-closes/{id}/accounts/{account}',
  'POST /api/v1/period-closes/{id}/review',
  'POST /api/v1/period-closes/{id}/finalise',
  'POST /api/v1/period-closes/{id}/retry',
  'POST /api/v1/period-closes/{id}/cancel',
  // only of a mail of which nobody could know
  'POST /api/v1/mails/{id}/arrival',
  // what it names is in no list of its own, or must be open
  'POST /api/v1/charges/{id}/cancellation',
  'POST /api/v1/write-offs/{id}/reversal',
  'POST /api/v1/accounts/{id}/one-off-invoices',
  // of a service that is suspended by then, and not cancelled since
  'POST /api/v1/services/{id}/suspension/end',
  // as the draft that it shows
  'GET /api/v1/accounts/{id}/pro-forma',
  // its id is in no list that chance reads, and the book must be one for negotiated prices
  'POST /api/v1/accounts/{id}/price-books',
  'GET /api/v1/price-books/{id}/accounts',
  'POST /api/v1/book-assignments/{id}/end',
  'PATCH /api/v1/price-changes/{id}',
  'PUT /api/v1/price-changes/{id}/prices',
  'DELETE /api/v1/price-changes/{id}/prices/{price}',
  'POST /api/v1/price-changes/{id}/publish',
  'POST /api/v1/price-changes/{id}/discard',
  'POST /api/v1/price-changes/{id}/undo',
  // a list of which every line is a price
  'POST /api/v1/cost-books/{id}/price-list',
  'POST /api/v1/cost-books/{id}/price-list/preview',
  'POST /api/v1/what-ifs/{id}/cancel',
  'PUT /api/v1/legal-entities/{id}/logo',
  'GET /api/v1/legal-entities/{id}/logo',
  'GET /api/v1/invoices/{id}/logo',
  // an agent of the name with that connector, and a window that has begun and isn't long, don't come by chance
  'POST /api/v1/sources/check',
  'POST /api/v1/sources/{id}/replay',
  // a union of changes, each of rules that there are
  'POST /api/v1/assignment-rules/changes',
  'POST /api/v1/assignment-rules/changes/preview',
  'DELETE /api/v1/resources/{id}/assignments',
  'POST /api/v1/resources/{id}/same-as',
  'DELETE /api/v1/resources/{id}/same-as/{other}',
  // the type and serial of a part that is known, what stands in a rack, and which words stand of a part
  'GET /api/v1/hardware/parts/{type}/{serial}',
  'DELETE /api/v1/hardware/entries/{id}',
  'POST /api/v1/hardware/mounts',
  'DELETE /api/v1/hardware/mounts/{id}',
])

/** What only a person does, by his password, a code of the moment or a link that he was sent; or to one: nobody has joined here. */
const ONLY_A_PERSON =
  / \/api\/v1\/(me|sign-in|password-resets|email-confirmations|owner|people\/|invitations\/|sso-providers)(\/|$|\w|\{)/

function neverDone({ answers, done }: Trial, routes: readonly Route[]): string[] {
  if ([...answers.values()].reduce((sum, count) => sum + count, 0) < ENOUGH) return []
  return routes
    .map(({ method, path }) => `${method} ${path}`)
    .filter((route) => !done.has(route) && !NEVER_DONE.has(route) && !ONLY_A_PERSON.test(route))
    .map((route) => `${route} was never done: all requests to it were refused`)
}

function tooFew(answers: ReadonlyMap<number, number>): string[] {
  const all = [...answers.values()].reduce((sum, count) => sum + count, 0)
  const answered = [...answers].reduce((sum, [status, count]) => sum + (status < 400 ? count : 0), 0)
  if (all < 100 || answered >= all * ANSWERED_MIN) return []
  return [`${all - answered} of ${all} requests were refused: ${JSON.stringify(Object.fromEntries(answers))}`]
}

export async function http(application: Application): Promise<AnyTarget[]> {
  const { fetch, key, kept } = application
  const get = async (path: string) =>
    (await fetch(new Request(ORIGIN + path, { headers: { authorization: `Bearer ${key}` } }))).text()
  const described = JSON.parse(await get('/api/v1/openapi.json')) as ConstructorParameters<typeof Values>[0]
  const routes = routesOf(described)
  const ids = await idsOf(routes, get)
  for (const [list, own] of ids)
    ids.set(
      list,
      own.filter((id) => !kept.has(id)),
    )
  const values = new Values(described, ids, { token: [key] })
  let session = await application.signIn()
  const make = (random: Random) => makeRequest(random, routes, values, application, session)
  const at: Trial = { application, document: new Document(described), answers: new Map(), done: new Set() }
  return [
    target<Sent>({
      name: 'http',
      weight: 7,
      make,
      async try(sent) {
        const wrong = await trial(at, sent)
        if (sent.method === 'DELETE' && sent.path.includes('/session')) session = await application.signIn()
        return wrong
      },
      *shrink(sent) {
        const [path = '', query = ''] = sent.path.split('?')
        if (query !== '') yield { ...sent, path }
        for (const at of sent.headers.keys()) yield { ...sent, headers: sent.headers.toSpliced(at, 1) }
        if (sent.body) for (const body of smallerBytes(sent.body)) yield { ...sent, body }
      },
      show: (sent) => masked(show(sent)),
      verdict: async () => [...tooFew(at.answers), ...neverDone(at, routes)],
    }),
    overSocket(application, make),
  ]
}
