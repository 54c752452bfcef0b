/** Differences as CSV: those that the page shows, in its order. */
import { type CsvColumns, csvTable } from '../base/csv.ts'
import type { Discrepancy } from './contract.ts'

const COLUMNS: CsvColumns<Discrepancy> = {
  kind: ({ kind }) => kind,
  resource_id: ({ resource }) => resource?.id,
  resource: ({ resource }) => resource?.name,
  resource_kind: ({ resource }) => resource?.kind,
  realm: ({ resource }) => resource?.realm,
  service_id: ({ service }) => service?.id,
  plan: ({ service }) => service?.plan.en,
  account_id: ({ account }) => account?.id,
  account: ({ account }) => account?.name,
  since: ({ since }) => since,
  amount_per_720_hours: ({ per_month }) => per_month?.amount,
  currency: ({ per_month }) => per_month?.currency,
  way: ({ per_month }) => per_month?.way,
  seen: ({ seen }) => JSON.stringify(seen),
  sold: ({ sold }) => JSON.stringify(sold),
}

export const reconciliationCsv = (items: readonly Discrepancy[]): string => csvTable(COLUMNS, items)
