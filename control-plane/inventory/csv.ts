/** The resource list as CSV (RFC 4180): exactly what the page shows, all of it. */
import { allRows, type CsvColumns, csvTable } from '../base/csv.ts'
import type { Context } from '../db/index.ts'
import type { Resource, ResourceQuery } from './contract.ts'
import { type Extras, listResources } from './index.ts'

const COLUMNS: CsvColumns<Resource> = {
  id: (r) => r.id,
  realm: (r) => r.realm,
  kind: (r) => r.kind,
  name: (r) => r.name,
  state: (r) => r.state,
  host: (r) => r.host?.name,
  account: (r) => r.owner?.account_name,
  project: (r) => r.owner?.project_name,
  vcpu_count: (r) => r.size.vcpu_count,
  memory_bytes: (r) => r.size.memory_bytes,
  disk_bytes: (r) => r.size.disk_bytes,
  cost_per_hour: (r) => r.cost_per_hour?.amount,
  currency: (r) => r.cost_per_hour?.currency,
  first_seen_at: (r) => r.first_seen_at,
  last_seen_at: (r) => r.last_seen_at,
  ended_at: (r) => r.ended_at,
}

export const resourceCsv = async (ctx: Context, query: ResourceQuery, extras: Extras): Promise<string> =>
  csvTable(COLUMNS, await allRows((page) => listResources(ctx, { ...query, ...page }, extras)))
