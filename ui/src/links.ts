/** Addresses that the browser itself opens: files, images, the stream. */
import { BASE, type Values, withQuery } from './request.ts'

export const links = {
  csv: (query: Values) => BASE + withQuery('/resources.csv', query),
  partsCsv: (query: Values) => BASE + withQuery('/hardware/parts.csv', query),
  audit: (format: 'csv' | 'ndjson', query: Values) => BASE + withQuery(`/audit.${format}`, query),
  personData: (person: string | null) => BASE + (person === null ? '/me/data' : `/people/${person}/data`),
  usageCsv: (account: string, query: Values) => BASE + withQuery(`/accounts/${account}/usage.csv`, query),
  whatIfCsv: (id: string) => `${BASE}/what-ifs/${id}/accounts.csv`,
  marginsCsv: (query: Values) => BASE + withQuery('/margins.csv', query),
  idleCsv: (query: Values) => BASE + withQuery('/margins/idle.csv', query),
  invoicesCsv: () => `${BASE}/invoices.csv`,
  pdf: (id: string, language: 'en' | 'es') => BASE + withQuery(`/invoices/${id}/pdf`, { language }),
  linesCsv: (id: string) => `${BASE}/invoices/${id}/lines.csv`,
  proForma: (account: string, language: 'en' | 'es') =>
    BASE + withQuery(`/accounts/${account}/pro-forma`, { language }),
  queueCsv: (queue: string) => `${BASE}/queues/${queue}.csv`,
  reconciliationCsv: (query: Values) => BASE + withQuery('/reconciliation.csv', query),
  coupons: `${BASE}/coupons.csv`,
  sources: `${BASE}/sources.csv`,
  /** another image has another address: none is shown from before */
  logo: (entity: string, sha256: string) => BASE + withQuery(`/legal-entities/${entity}/logo`, { sha256 }),
  invoiceLogo: (id: string) => `${BASE}/invoices/${id}/logo`,
  stream: `${BASE}/stream`,
}
