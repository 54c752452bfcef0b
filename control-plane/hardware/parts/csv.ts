/** The list of parts as CSV (RFC 4180): what the page shows, all of it. */
import { allRows, type CsvColumns, csvTable } from '../../base/csv.ts'
import type { Context } from '../../db/index.ts'
import type { Part, PartQuery } from '../contract.ts'
import { listParts } from './index.ts'

const COLUMNS: CsvColumns<Part> = {
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

export const partsCsv = async (ctx: Context, query: PartQuery): Promise<string> =>
  csvTable(COLUMNS, await allRows((page) => listParts(ctx, { ...query, ...page })))
