/** A line of CSV (RFC 4180) that no spreadsheet runs. */

const NUMBER = /^-?\d+(\.\d+)?$/

/** Quoted where needed; a leading =, +, - or @ is disarmed, since spreadsheets would run it; a negative number stays one. */
function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value)
  const safe = typeof value === 'string' && !NUMBER.test(text) && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Without its end. */
export const csvLine = (values: readonly unknown[]): string => values.map(csvCell).join(',')
