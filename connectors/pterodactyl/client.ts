/** Speaks to the application API of one panel by a key: every request is bounded, and a list is read so that nothing in it is missed. */
import { type Answer, request, type Trust } from '#connectors/http.ts'
import { ConnectorError } from '#connectors/wire.ts'
import { type Page, readPage, type Row } from './page.ts'

const LIMITS = { timeout_ms: 15_000, bytes: 32 * 1024 * 1024, patience_ms: 5_000, per_page: 100, pages: 600 } as const

export interface Panel {
  url: string
  key: string
  trust: Trust
}
export type List = 'servers' | 'nodes' | 'locations'

/** What the key must be allowed, in the words of the page on which it is made. */
const RIGHTS: Readonly<Record<List, string>> = { servers: 'Servers', nodes: 'Nodes', locations: 'Locations' }

/** The panel has no such list. */
export class Missing extends ConnectorError {
  readonly list: List
  constructor(list: List, message: string, remedy: string) {
    super('bad_answer', message, remedy)
    this.list = list
  }
}

/**
 * All rows of a list, by their number; what is none is told to `note`. The panel counts pages from the start, so what is deleted moves all behind it to the front:
 * read from the last page to the first, a row can come twice, and none is missed.
 */
export async function rowsOf(
  panel: Panel,
  list: List,
  include: string,
  note: (odd: ConnectorError) => void,
  signal: AbortSignal,
): Promise<Row[]> {
  const rows = new Map<number, Row>()
  const keep = (one: Page) => {
    for (const row of one.rows) rows.set(row.id, row)
    for (const odd of one.odd) note(odd)
  }
  const first = await page(panel, list, include, 1, signal)
  const { pages } = first
  if (pages > LIMITS.pages)
    throw new ConnectorError(
      'limit',
      `${panel.url} has ${pages} pages of ${list}; at most ${LIMITS.pages} are read`,
      'Report this as a fault: one source can’t hold as many.',
    )
  for (let number = pages; number > 1; number -= 1) keep(await page(panel, list, include, number, signal))
  keep(pages > 1 ? await page(panel, list, include, 1, signal) : first)
  return [...rows.values()]
}

async function page(panel: Panel, list: List, include: string, number: number, signal: AbortSignal): Promise<Page> {
  const { url, key, trust } = panel
  const query = new URLSearchParams({ sort: 'id', per_page: `${LIMITS.per_page}`, page: `${number}` })
  if (include !== '') query.set('include', include)
  const answer = await request(`${url}/api/application/${list}?${query}`, {
    headers: { authorization: `Bearer ${key}`, accept: 'application/json' },
    trust,
    timeout_ms: LIMITS.timeout_ms,
    bytes_max: LIMITS.bytes,
    patience_ms: LIMITS.patience_ms,
    signal,
  })
  if (answer.status !== 200) throw refusal(url, list, answer)
  return readPage(json(url, list, answer.text), list)
}

function json(url: string, list: List, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new ConnectorError(
      'bad_answer',
      `${url}: the answer to ${list} is not JSON`,
      'See that the address is that of the panel itself, and what stands before it: a proxy, a login page?',
    )
  }
}

/** The code and the detail of the panel's first error; nothing else of an answer is repeated. */
function saidIn(text: string): string {
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; detail?: unknown }[] }
    const said = [errors?.[0]?.code, errors?.[0]?.detail].filter((part) => typeof part === 'string' && part !== '')
    return said.join(': ').replaceAll(/\s+/g, ' ').slice(0, 200).toWellFormed()
  } catch {
    return ''
  }
}

function refusal(url: string, list: List, { status, text }: Answer): ConnectorError {
  const said = saidIn(text)
  const message = `${url}: ${list} answers ${status}${said && ` (${said})`}`
  if (status === 401)
    return new ConnectorError(
      'refused',
      message,
      'Check the key: it begins with ptla_, was shown once when it was made under Admin → Application API, and may be bound to IP addresses.',
    )
  if (status === 403)
    return new ConnectorError(
      'refused',
      message,
      `Make a key that may read ${RIGHTS[list]} (Admin → Application API), by a user who is an administrator.`,
    )
  const remedy = 'See that the address is that of a panel of version 1, without a path behind it.'
  if (status === 404) return new Missing(list, message, remedy)
  if (status === 400 || status === 422) return new ConnectorError('bad_answer', message, remedy)
  return new ConnectorError('unreachable', message, 'See the log of the panel (storage/logs), and whether it is up.')
}
