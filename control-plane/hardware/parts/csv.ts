/** The list of parts as CSV (RFC 4180): what the page shows, all of it. */
import { csvLine } from '../../base/csv.ts'
import type { Context } from '../../db/index.ts'
import type { Part, PartQuery } from '../contract.ts'
import { listParts } from './index.ts'

const MAX_ROWS = 100_000
const COLUMNS: Record<string, (part: Part) => unknown> = {
  type: (part) => part.type,
  serial: (part) => part.serial,
  model: (part) => part.model,
  manufacturer: (part) => part.manufacturer,
  state: (part) => part.state,
  machine: (part) => part.machine?.name,
  slot: (part) => part.slot,
  site: (part) => part.site,
  place: (part) => part.place,
  since: (part) => part.since,
  silent_since: (part) => part.silent_since,
  conflict: (part) => part.conflict,
  health: (part) => part.health,
}

export async function partsCsv(ctx: Context, query: PartQuery): Promise<string> {
  const lines = [Object.keys(COLUMNS).join(',')]
  let cursor: string | undefined
  do {
    const page: Awaited<ReturnType<typeof listParts>> = await listParts(ctx, { ...query, limit: 500, cursor })
    lines.push(...page.items.map((part) => csvLine(Object.values(COLUMNS).map((column) => column(part)))))
    cursor = page.next_cursor ?? undefined
  } while (cursor && lines.length <= MAX_ROWS)
  return lines.join('\r\n') + '\r\n'
}
