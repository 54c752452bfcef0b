/** Queues as CSV: the first rows of each in its order, as the pages show them. */
import { csvLine } from '../base/csv.ts'
import type { StuckAccount, UnownedResource, UnratedUsage } from './contract.ts'

export const CSV_ROWS = 10_000
const table = (head: readonly string[], rows: readonly (readonly unknown[])[]): string =>
  [csvLine(head), ...rows.map(csvLine), ''].join('\r\n')

export const unratedCsv = (items: readonly UnratedUsage[]): string =>
  table(
    ['account', 'kind', 'meter', 'resources', 'hours', 'since', 'estimate', 'currency', 'index'],
    items.map(({ account, kind, meter, resources, hours, since, estimate, index }) => [
      account.name,
      kind,
      meter,
      resources,
      hours,
      since,
      estimate?.amount,
      estimate?.currency,
      index,
    ]),
  )
export const unownedCsv = (items: readonly UnownedResource[]): string =>
  table(
    ['id', 'kind', 'name', 'since', 'estimate_per_month', 'currency'],
    items.map(({ resource, since, estimate }) => [
      resource.id,
      resource.kind,
      resource.name,
      since,
      estimate?.amount,
      estimate?.currency,
    ]),
  )
export const stuckCsv = (items: readonly StuckAccount[]): string =>
  table(
    ['month', 'company', 'account', 'code', 'problem', 'net', 'currency'],
    items.map(({ close, account, problem, net, currency }) => [
      close.month,
      close.legal_entity,
      account.name,
      problem?.code,
      problem?.detail,
      net,
      currency,
    ]),
  )
