/** Lines of documents that charge fees in advance. */
import { sql } from 'drizzle-orm'
import { type Instant, iso } from '../../base/time.ts'
import { arrayText, rows } from '../../db/index.ts'
import { together } from '../../db/together.ts'
import type { Charged } from './rules.ts'

interface Asked {
  contract_id: string
  account_id: string
  /** of periods that may go on after it */
  from: Instant
}
/** No billing period is longer, whatever its clock does; a document that charges one in advance reaches its beginning. */
const TERM_MS = 32 * 86_400_000

/** Those that a cut knows, the oldest first, with the notes on them. */
export const chargedAhead = together(async ({ tx }, cut: number, list: readonly Asked[]) => {
  const least = Math.min(...list.map(({ from }) => from)) - TERM_MS
  const accounts = sql`${arrayText([...new Set(list.map(({ account_id }) => account_id))])}::uuid[]`
  const found = await rows<Charged & { contract_id: string; service_id: string }>(
    tx,
    sql`select i.contract_id, i.id as invoice_id, i.number, i.corrects_id, l.content from invoice i join invoice_line l on l.invoice_id = i.id
        where i.account_id = any(${accounts}) and i.cut <= ${cut} and i.period_to > ${iso(least)}::timestamptz
          and l.resource_id in (select s.id from service s where s.account_id = any(${accounts})) and l.content ? 'timing'
        order by i.period_from, i.cut, i.issued_at, l.position`,
  )
  const by = Map.groupBy(found, (row) => row.contract_id)
  return list.map(({ contract_id, from }): Charged[] =>
    (by.get(contract_id) ?? []).filter(({ content: { basis } }) => basis !== undefined && Date.parse(basis.to) > from),
  )
})
