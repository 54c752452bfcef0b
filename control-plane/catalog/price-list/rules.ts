/** A provider's price list → decisions about prices of a cost book, and what is wrong with each line. Pure. */
import { NewPrice, PRICE_LIST_ROWS } from '../contract.ts'
import { choicesOf, conditionKey, trimmed } from '../rules.ts'
import { tableOf, type TableRow } from './table.ts'

const COLUMNS = ['kind', 'meter', 'attribute', 'value', 'per', 'unit', 'amount', 'currency'] as const
type Column = (typeof COLUMNS)[number]
const OPTIONAL: ReadonlySet<Column> = new Set(['attribute', 'value'] as const)
type Cells = Record<Column, string>

export interface ReadRow {
  line: number
  /** null: see `faults` */
  price: NewPrice | null
  faults: string[]
}
/** What is wrong with all of it stands at the line of the head. */
export function readPriceList(csv: string, currency: string): ReadRow[] {
  const { mark, rows } = tableOf(csv)
  const [head, ...body] = rows
  if (!head) return [refused(1, ['the list is empty'])]
  const names = head.cells.map((cell) => cell.toLowerCase())
  const faults = [
    ...names.filter((name) => !COLUMNS.some((one) => one === name)).map((name) => `there is no column "${name}"`),
    ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `the column ${name} stands twice`),
    ...COLUMNS.filter((one) => !names.includes(one) && !OPTIONAL.has(one)).map((one) => `the column ${one} is missing`),
    ...(body.length === 0 ? ['no price follows'] : []),
    ...(body.length > PRICE_LIST_ROWS ? [`${body.length} prices follow: at most ${PRICE_LIST_ROWS} in one list`] : []),
  ]
  if (faults.length > 0) return [refused(head.line, faults)]
  const first = new Map<string, number>()
  return body.map((row) => {
    const read = readRow(row, names, mark, currency)
    if (!read.price) return read
    const key = `${read.price.kind}.${read.price.meter}${conditionKey(read.price.applies_to)}`
    const known = first.get(key)
    if (known !== undefined) return refused(row.line, [`the same price stands in line ${known}`])
    first.set(key, row.line)
    return read
  })
}

const refused = (line: number, faults: string[]): ReadRow => ({ line, price: null, faults })

function readRow({ line, cells }: TableRow, names: readonly string[], mark: string, currency: string): ReadRow {
  if (cells.length !== names.length)
    return refused(line, [`has ${cells.length} columns, and the head has ${names.length}`])
  const said = Object.fromEntries(COLUMNS.map((name) => [name, cells[names.indexOf(name)] ?? ''])) as Cells
  const { kind, meter, attribute, value, per, unit } = said
  const faults: string[] = []
  if (kind === 'service') faults.push('kind must be one of resources: what services cost is what their machines do')
  if ((attribute === '') !== (value === '')) faults.push('attribute and value stand together, or neither')
  if (said.currency.toUpperCase() !== currency)
    faults.push(`currency must be ${currency}, that of the cost book, not ${said.currency || 'empty'}`)
  // where commas divide no columns, they may be decimal ones
  const amount = mark === ',' ? said.amount : said.amount.replace(/^(\d+),(\d+)$/, '$1.$2')
  const applies_to = attribute !== '' && value !== '' ? { attribute, equals: value } : undefined
  const read = NewPrice.safeParse({ kind, meter, model: 'per_unit', per, unit, amount, applies_to })
  if (!read.success)
    faults.push(...read.error.issues.map(({ path, message }) => `${nameOf(path)} ${message}`.slice(0, FAULT_CHARS)))
  return faults.length > 0 || !read.success ? refused(line, faults) : { line, price: read.data, faults }
}
const FAULT_CHARS = 300
const nameOf = (path: readonly PropertyKey[]): string =>
  path[0] === 'applies_to' ? (path[1] === 'equals' ? 'value' : 'attribute') : String(path[0] ?? '')

/** What a version says, as far as a list says it. */
interface Said {
  model: string
  per: string
  unit: string
  amount: string
  terms: unknown
  gap_policy: string
}
/** Whether a version says already what the list says. */
export const saysSame = (version: Said, { meter, per, unit, amount = '0' }: NewPrice): boolean =>
  version.model === 'per_unit' &&
  version.per === per &&
  version.unit === unit &&
  version.amount === trimmed(amount) &&
  version.terms === null &&
  version.gap_policy === choicesOf(meter).gap_policies[0]
