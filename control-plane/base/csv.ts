/** CSV (RFC 4180) that no spreadsheet runs. */
import { Problem } from './problem.ts'

const NUMBER = /^-?\d+(\.\d+)?$/

/** Where a cell begins for any spreadsheet: where commas are decimal, as in Spain, it divides at semicolons, whatever is quoted here. */
const RUN = /(^|[;\t\r\n])(?=[=+\-@\t\r])/g

/** Quoted where needed; a leading =, +, - or @ is disarmed, since spreadsheets would run it; a negative number stays one. */
function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value)
  const safe = typeof value === 'string' && !NUMBER.test(text) ? text.replaceAll(RUN, "$1'") : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Without its end. */
export const csvLine = (values: readonly unknown[]): string => values.map(csvCell).join(',')

/** The columns of a table by name, each with what a row has in it. */
export type CsvColumns<Row> = Readonly<Record<string, (row: Row) => unknown>>

/** A head and a line for each row, all with their ends. */
export const csvTable = <Row>(columns: CsvColumns<Row>, list: readonly Row[]): string =>
  [Object.keys(columns).join(','), ...list.map((row) => csvLine(Object.values(columns).map((column) => column(row))))]
    .map((line) => `${line}\r\n`)
    .join('')

const MAX_ROWS = 100_000
interface Page<Row> {
  items: Row[]
  next_cursor: string | null
}

/**
 * All rows of a list that is read in pages.
 * @throws Problem `too_large` where there are more than 100,000: a part would pass for the whole.
 */
export async function allRows<Row>(
  read: (at: { limit: number; cursor?: string }) => Promise<Page<Row>>,
): Promise<Row[]> {
  const list: Row[] = []
  let cursor: string | undefined
  do {
    const page = await read({ limit: 500, ...(cursor && { cursor }) })
    list.push(...page.items)
    if (list.length > MAX_ROWS)
      throw new Problem(
        'too_large',
        `a file has up to ${MAX_ROWS} rows: narrow the list with its filters, or read it in pages`,
      )
    cursor = page.next_cursor ?? undefined
  } while (cursor)
  return list
}
