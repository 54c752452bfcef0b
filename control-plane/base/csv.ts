/** A line of CSV (RFC 4180) that no spreadsheet runs. */

/** Quoted where needed; a leading =, +, - or @ is disarmed, since spreadsheets would run it. */
function csvCell(value: unknown): string {
  const text = value === null || value === undefined ? '' : String(value)
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Without its end. */
export const csvLine = (values: readonly unknown[]): string => values.map(csvCell).join(',')
