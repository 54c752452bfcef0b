/** A table as people paste or upload it: CSV (RFC 4180) divided by commas, semicolons or tabs, each row with its line. Pure. */

export interface TableRow {
  /** in which it begins, counted from 1 */
  line: number
  cells: string[]
}
export interface Table {
  /** what divides columns: with a semicolon or a tab, numbers may have a decimal comma */
  mark: string
  /** without those that are empty; the first is the head */
  rows: TableRow[]
}

const MARKS = [',', ';', '\t']

/** No library: none of those at hand tells the line of a row whose cells hold line ends, and by lines we tell what is refused. */
export function tableOf(text: string): Table {
  const plain = text.replace(/^\uFEFF/, '')
  const head = plain.split('\n', 1)[0] ?? ''
  const mark = MARKS.toSorted((a, b) => head.split(b).length - head.split(a).length)[0] ?? ','
  const rows: TableRow[] = []
  let [line, row, cell, isQuoted] = [1, { line: 1, cells: [] as string[] }, '', false]
  const endCell = () => {
    row.cells.push(cell.trim())
    cell = ''
  }
  const endRow = () => {
    endCell()
    if (row.cells.some((one) => one !== '')) rows.push(row)
    row = { line, cells: [] }
  }
  for (let at = 0; at < plain.length; at += 1) {
    const char = plain[at] ?? ''
    if (char === '\n') line += 1
    if (isQuoted && char === '"' && plain[at + 1] === '"') {
      cell += char
      at += 1
    } else if (char === '"' && (isQuoted || cell.trim() === '')) isQuoted = !isQuoted
    else if (isQuoted) cell += char
    else if (char === mark) endCell()
    else if (char === '\n') endRow()
    else cell += char
  }
  endRow()
  return { mark, rows }
}
