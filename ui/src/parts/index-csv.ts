/** Values of an index as people paste them: a line each, columns divided by commas, semicolons or tabs. */
import type { NewIndexValues } from '../api.ts'

type Row = NewIndexValues['values'][number]
export type CsvFault = 'bad_instant' | 'bad_amount' | 'bad_columns'
export interface ReadValues {
  rows: Row[]
  /** the line of each row, counted from 1 */
  lines: number[]
  faults: { line: number; fault: CsvFault }[]
}

/** An instant without its offset would be another one in every zone. */
const INSTANT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d+)?)?\s?(Z|[+-]\d\d:?\d\d)$/
function instantOf(text: string): string | null {
  const [, date, time, seconds = ':00', offset = ''] = INSTANT.exec(text) ?? []
  if (date === undefined) return null
  const at = new Date(`${date}T${time}${seconds}${offset.replace(/^([+-]\d\d)(\d\d)$/, '$1:$2')}`)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}
const AMOUNT = /^-?\d{1,18}(\.\d{1,12})?$/

/** `from, amount` or `from, to, amount`; a first line of words is the head. Commas divide columns unless something else does. */
export function valuesOf(text: string): ReadValues {
  const out: ReadValues = { rows: [], lines: [], faults: [] }
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || (index === 0 && !/\d/.test(line))) continue
    const mark = [';', '\t'].find((one) => line.includes(one)) ?? ','
    const cells = line.split(mark).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
    const read = rowOf(cells.length === 2 ? [cells[0] ?? '', '', cells[1] ?? ''] : cells, mark !== ',')
    if (typeof read === 'string') out.faults.push({ line: index + 1, fault: read })
    else {
      out.rows.push(read)
      out.lines.push(index + 1)
    }
  }
  return out
}

function rowOf([begin = '', end = '', said = '', ...more]: readonly string[], mayHaveComma: boolean): Row | CsvFault {
  if (said === '' || more.length > 0) return 'bad_columns'
  const [from, to] = [instantOf(begin), end === '' ? undefined : instantOf(end)]
  if (from === null || to === null) return 'bad_instant'
  const amount = mayHaveComma ? said.replace(',', '.') : said
  if (!AMOUNT.test(amount)) return 'bad_amount'
  return { from, amount, ...(to !== undefined && { to }) }
}
