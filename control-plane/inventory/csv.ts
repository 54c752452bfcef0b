/** The resource list as CSV (RFC 4180): exactly what the page shows, all of it. */
import { csvLine } from '../base/csv.ts'
import type { Context } from '../db/index.ts'
import type { Resource, ResourceQuery } from './contract.ts'
import { type Extras, listResources } from './index.ts'

const MAX_ROWS = 100_000
const COLUMNS: Record<string, (r: Resource) => unknown> = {
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

export async function resourceCsv(ctx: Context, query: ResourceQuery, extras: Extras): Promise<string> {
  const lines = [Object.keys(COLUMNS).join(',')]
  let cursor: string | undefined = undefined
  do {
    const page: Awaited<ReturnType<typeof listResources>> = await listResources(
      ctx,
      { ...query, limit: 500, cursor },
      extras,
    )
    lines.push(...page.items.map((item) => csvLine(Object.values(COLUMNS).map((column) => column(item)))))
    cursor = page.next_cursor ?? undefined
  } while (cursor && lines.length <= MAX_ROWS)
  return lines.join('\r\n') + '\r\n'
}
