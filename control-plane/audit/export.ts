/** The audit as a file, CSV or NDJSON: page after page, each in a transaction of its own, so that any length fits in memory. */
import { csvLine } from '../base/csv.ts'
import type { Context } from '../db/index.ts'
import type { Page } from '../http/contract.ts'
import type { AuditFilter, AuditRecord } from './contract.ts'
import { type CalledSo, listAudit } from './list.ts'

const PAGE = 500
const COLUMNS: Record<string, (r: AuditRecord) => unknown> = {
  number: (r) => r.number,
  occurred_at: (r) => r.occurred_at,
  actor_kind: (r) => r.actor.kind,
  actor_id: (r) => r.actor.id,
  actor_name: (r) => r.actor.name,
  type: (r) => r.type,
  subject_kind: (r) => r.subject.kind,
  subject_id: (r) => r.subject.id,
  account_id: (r) => r.account_id,
  before: (r) => (r.before === null ? null : JSON.stringify(r.before)),
  after: (r) => (r.after === null ? null : JSON.stringify(r.after)),
  request_id: (r) => r.request_id,
  sealed: (r) => r.sealed,
  id: (r) => r.id,
}

const FORMATS = {
  csv: {
    head: `${Object.keys(COLUMNS).join(',')}\r\n`,
    line: (record: AuditRecord) => `${csvLine(Object.values(COLUMNS).map((column) => column(record)))}\r\n`,
  },
  ndjson: { head: '', line: (record: AuditRecord) => `${JSON.stringify(record)}\n` },
} as const
export type ExportFormat = keyof typeof FORMATS

/** `inContext` runs a verb as the caller, in one transaction. A caller who may not is refused before the first piece. */
export async function exportAudit(
  inContext: <T>(verb: (ctx: Context) => Promise<T>) => Promise<T>,
  filter: AuditFilter & CalledSo,
  format: ExportFormat,
): Promise<AsyncGenerator<string>> {
  const read = (cursor?: string) => inContext((ctx) => listAudit(ctx, { ...filter, cursor, limit: PAGE }))
  const first = await read()
  return pieces(first, read, format)
}

async function* pieces(
  first: Page<AuditRecord>,
  read: (cursor: string) => Promise<Page<AuditRecord>>,
  format: ExportFormat,
): AsyncGenerator<string> {
  const { head, line } = FORMATS[format]
  let page = first
  yield head + page.items.map(line).join('')
  while (page.next_cursor !== null) {
    page = await read(page.next_cursor)
    yield page.items.map(line).join('')
  }
}
