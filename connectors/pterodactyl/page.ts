/** The envelope of the panel's lists: rows with their attributes, and how many pages there are. Pure. */
import { z } from 'zod'
import { ConnectorError } from '#connectors/contract.ts'

/** A row as it came; of what it says, only its number is sure. */
export interface Row {
  id: number
  attributes: unknown
}
export interface Page {
  rows: Row[]
  pages: number
  /** of rows without a number: what they were nobody knows */
  odd: ConnectorError[]
}

export const Id = z.int().positive()
const Item = z.object({ attributes: z.looseObject({ id: Id }) })
const Envelope = z.object({
  object: z.literal('list'),
  data: z.array(z.unknown()).max(100_000),
  meta: z.object({ pagination: z.object({ total_pages: z.int().nonnegative() }) }),
})

export const notDocumented = (what: string, { issues: [issue] }: z.ZodError): ConnectorError =>
  new ConnectorError(
    'bad_answer',
    `${what}: not as documented at ${issue?.path.join('.') || 'the whole answer'}: ${issue?.message ?? ''}`.slice(
      0,
      500,
    ),
    'Bring the panel up to date (1.7 and later are known), or report this as a fault.',
  )

export function readPage(answer: unknown, list: string): Page {
  const read = Envelope.safeParse(answer)
  if (!read.success) throw notDocumented(`the list of ${list}`, read.error)
  const { data, meta } = read.data
  const page: Page = { rows: [], pages: meta.pagination.total_pages, odd: [] }
  for (const item of data) {
    const row = Item.safeParse(item)
    if (row.success) page.rows.push({ id: row.data.attributes.id, attributes: row.data.attributes })
    else page.odd.push(notDocumented(`a row of the list of ${list}`, row.error))
  }
  return page
}
