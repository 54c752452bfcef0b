/** Parts as people paste them: a line each, `type, serial, model, site, place`, divided by commas, semicolons or tabs. */
import type { NewPartEntries } from '../hardware-api.ts'

type Row = NewPartEntries['parts'][number]
export interface ReadParts {
  rows: Row[]
  /** the line of each row, counted from 1 */
  lines: number[]
  /** lines that have no type and serial, or too many columns */
  faults: number[]
}

const HEAD = /^"?type"?\s*[,;\t]\s*"?serial/i
const COLUMNS_MAX = 5

/** Without a site or place of its own a part lies where the others do. */
export function partsOf(text: string, there: { site: string; place: string }): ReadParts {
  const out: ReadParts = { rows: [], lines: [], faults: [] }
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || (index === 0 && HEAD.test(line.trim()))) continue
    const mark = ['\t', ';'].find((one) => line.includes(one)) ?? ','
    const cells = line.split(mark).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'))
    const [type = '', serial = '', model = '', site = '', place = ''] = cells
    if (type === '' || serial === '' || cells.length > COLUMNS_MAX) out.faults.push(index + 1)
    else {
      out.rows.push({ type, serial, model, site: site || there.site, place: place || there.place })
      out.lines.push(index + 1)
    }
  }
  return out
}
