/** Rows of billing: series, frozen invoices, rendered documents. */
import { sure } from '../base/problem.ts'
import { and, desc, eq, inArray, max, sql } from 'drizzle-orm'
import type { Instant } from '../base/time.ts'
import { knownAt } from '../db/cut.ts'
import { ofWholeAccounts, withinReach } from '../db/fence.ts'
import { arrayText, columnar, type Context, ms, rows } from '../db/index.ts'
import { together } from '../db/together.ts'
import type { Language } from '../accounts/contract.ts'
import { document, invoice, invoiceDocument, invoiceLine, series } from './schema.ts'

export type InvoiceRow = typeof invoice.$inferSelect
export type LineRow = typeof invoiceLine.$inferSelect

/** The end of what was invoiced under a contract; null where nothing was. */
export const invoicedTo = (ctx: Context, contract: { id: string; account_id: string }): Promise<Instant | null> =>
  invoicedToEach(ctx, null, contract)
const invoicedToEach = together(async ({ tx }, _all: null, list: readonly { id: string; account_id: string }[]) => {
  const found = await tx
    .select({ contract_id: invoice.contract_id, period_to: max(invoice.period_to) })
    .from(invoice)
    // by account, as they are indexed
    .where(
      and(
        inArray(
          invoice.account_id,
          list.map(({ account_id }) => account_id),
        ),
        inArray(
          invoice.contract_id,
          list.map(({ id }) => id),
        ),
        eq(invoice.one_off, false),
      ),
    )
    .groupBy(invoice.contract_id)
  const known = new Map(found.map((row) => [row.contract_id, row.period_to]))
  return list.map(({ id }) => known.get(id) ?? null)
})

export type PastBill = Pick<InvoiceRow, 'currency' | 'net_minor' | 'period_from' | 'period_to'>
/** The newest documents of an account, at most so many. */
export const pastBills = (ctx: Context, account_id: string, limit: number): Promise<PastBill[]> =>
  pastBillsOfEach(ctx, limit, account_id)
const pastBillsOfEach = together(async ({ tx }, limit: number, account_ids: readonly string[]) => {
  const found = await tx
    .select({
      account_id: invoice.account_id,
      currency: invoice.currency,
      net_minor: invoice.net_minor,
      period_from: invoice.period_from,
      period_to: invoice.period_to,
      place: sql<number>`row_number() over (partition by ${invoice.account_id} order by ${invoice.issued_at} desc, ${invoice.id} desc)::int`,
    })
    .from(invoice)
    .where(and(inArray(invoice.account_id, [...account_ids]), eq(invoice.one_off, false)))
  const kept = found.filter(({ place }) => place <= limit).toSorted((a, b) => a.place - b.place)
  const byAccount = Map.groupBy(kept, (row) => row.account_id)
  return account_ids.map((id) => byAccount.get(id) ?? [])
})

/** The series' row, made at its first document and locked until the transaction ends: the last step of finalising. */
export async function lockSeries(ctx: Context, key: SeriesKey): Promise<typeof series.$inferSelect> {
  const held = () => ctx.tx.select().from(series).where(ofSeries(key)).for('update')
  const [known] = await held()
  if (known) return known
  await ctx.tx
    .insert(series)
    .values({ ...key, next_number: 1, last_hash: '' })
    .onConflictDoNothing()
  return sure((await held())[0])
}
type SeriesKey = Pick<typeof series.$inferSelect, 'legal_entity_id' | 'document_type' | 'year'>
const ofSeries = ({ legal_entity_id, document_type, year }: SeriesKey) =>
  and(eq(series.legal_entity_id, legal_entity_id), eq(series.document_type, document_type), eq(series.year, year))
export const advanceSeries = (ctx: Context, row: typeof series.$inferSelect, last_hash: string) =>
  ctx.tx
    .update(series)
    .set({ next_number: row.next_number + 1, last_hash })
    .where(ofSeries(row))
export const allSeries = (ctx: Context) => ctx.tx.select().from(series)

export async function lastIssuedAt(ctx: Context, legal_entity_id: string): Promise<Instant> {
  const [row] = await ctx.tx
    .select({ issued_at: invoice.issued_at })
    .from(invoice)
    .where(eq(invoice.legal_entity_id, legal_entity_id))
    .orderBy(desc(invoice.issued_at))
    .limit(1)
  return row?.issued_at ?? 0
}

export const insertInvoice = async (ctx: Context, row: InvoiceRow): Promise<void> => {
  await ctx.tx.insert(invoice).values(row)
}

/** Of an invoice that may follow in the same transaction: the database looks for it at the end (0029). */
export async function insertLines(
  ctx: Context,
  { id, account_id }: Pick<InvoiceRow, 'id' | 'account_id'>,
  /** with their content as JSON */
  lines: readonly (Omit<LineRow, 'invoice_id' | 'account_id' | 'content'> & { content: string })[],
): Promise<void> {
  for (let start = 0; start < lines.length; start += 500) {
    const some = lines.slice(start, start + 500).map((line) => ({
      ...line,
      net_minor: line.net_minor.toString(),
      invoice_id: id,
      account_id,
    }))
    await ctx.tx.execute(
      sql`insert into invoice_line (${sql.raw(Object.keys(LINE).join(', '))}) select * from ${columnar(some, LINE)}`,
    )
  }
}
const LINE = {
  position: 'int4',
  line_id: 'text',
  resource_id: 'uuid',
  net_minor: 'int8',
  content: 'jsonb',
  invoice_id: 'uuid',
  account_id: 'uuid',
} as const

export async function findInvoice(ctx: Context, id: string): Promise<InvoiceRow | undefined> {
  const [row] = await ctx.tx
    .select()
    .from(invoice)
    .where(and(eq(invoice.id, id), withinReach(ctx, invoice.account_id), ofWholeAccounts(ctx)))
  return row
}
export const linesOfInvoice = (ctx: Context, invoice_id: string) =>
  ctx.tx
    .select()
    .from(invoiceLine)
    .where(and(eq(invoiceLine.invoice_id, invoice_id), withinReach(ctx, invoiceLine.account_id)))
    .orderBy(invoiceLine.position)

/** One line alone: an invoice may have thousands. */
export async function lineOfInvoice(ctx: Context, invoice_id: string, line_id: string): Promise<LineRow | null> {
  const [row] = await ctx.tx
    .select()
    .from(invoiceLine)
    .where(
      and(
        eq(invoiceLine.invoice_id, invoice_id),
        eq(invoiceLine.line_id, line_id),
        withinReach(ctx, invoiceLine.account_id),
      ),
    )
  return row ?? null
}

export async function listInvoices(
  ctx: Context,
  query: { account_id?: string | undefined; limit: number },
  after: { at: Instant; id: string } | null,
): Promise<{ found: InvoiceRow[]; total: number }> {
  const filter = and(
    withinReach(ctx, invoice.account_id),
    ofWholeAccounts(ctx),
    query.account_id ? eq(invoice.account_id, query.account_id) : undefined,
  )
  const found = await ctx.tx
    .select()
    .from(invoice)
    .where(
      and(
        filter,
        after
          ? sql`(${invoice.issued_at}, ${invoice.id}) < (${new Date(after.at).toISOString()}::timestamptz, ${after.id}::uuid)`
          : undefined,
      ),
    )
    .orderBy(desc(invoice.issued_at), desc(invoice.id))
    .limit(query.limit + 1)
  return { found, total: await ctx.tx.$count(invoice, filter) }
}
/** Every invoice in the order of its series, for the verifier. */
export const invoicesInOrder = (ctx: Context) =>
  ctx.tx
    .select()
    .from(invoice)
    .orderBy(invoice.legal_entity_id, invoice.document_type, invoice.series_year, invoice.series_number)

export async function findDocument(ctx: Context, invoice_id: string, language: Language): Promise<Uint8Array | null> {
  const [row] = await ctx.tx
    .select({ bytes: document.bytes })
    .from(invoiceDocument)
    .innerJoin(document, eq(document.sha256, invoiceDocument.sha256))
    .where(and(eq(invoiceDocument.invoice_id, invoice_id), eq(invoiceDocument.language, language)))
  return row?.bytes ?? null
}
export async function keepDocument(
  ctx: Context,
  row: typeof invoiceDocument.$inferInsert & { bytes: Uint8Array },
): Promise<void> {
  const { bytes, ...link } = row
  await keepFile(ctx, { sha256: row.sha256, media_type: 'application/pdf', bytes })
  await ctx.tx.insert(invoiceDocument).values(link).onConflictDoNothing()
}
/** Once for ever: the database refuses to change or delete it. */
export const keepFile = async (ctx: Context, file: Omit<typeof document.$inferInsert, 'created_at'>): Promise<void> => {
  await ctx.tx
    .insert(document)
    .values({ ...file, created_at: ctx.now() })
    .onConflictDoNothing()
}
export async function findFile(ctx: Context, sha256: string): Promise<Uint8Array | null> {
  const [row] = await ctx.tx.select({ bytes: document.bytes }).from(document).where(eq(document.sha256, sha256))
  return row?.bytes ?? null
}
export const documents = (ctx: Context) =>
  ctx.tx.select({ sha256: document.sha256, bytes: document.bytes }).from(document)
/** Which stored file belongs to which invoice, and whether it is there. */
export const documentLinks = (ctx: Context) =>
  rows<{
    number: string
    content_hash: string
    language: Language
    sha256: string
    binding: string | null
    kept: boolean
  }>(
    ctx.tx,
    sql`select i.number, i.content_hash, l.language, l.sha256, l.binding, d.sha256 is not null as kept from invoice_document l
          join invoice i on i.id = l.invoice_id left join document d on d.sha256 = l.sha256 order by 1, 2`,
  )
export const invoicesWithoutPdf = (ctx: Context, limit: number) =>
  rows<{ id: string; language: Language }>(
    ctx.tx,
    sql`select i.id, l.language from invoice i cross join (values ('en'), ('es')) as l(language)
        left join invoice_document d on d.invoice_id = i.id and d.language = l.language where d.sha256 is null order by i.issued_at limit ${limit}`,
  )

/** Triggers that freeze issued documents, and whether each is enabled for everyone. */
export const freezingTriggers = (ctx: Context) =>
  rows<{ table: string; trigger: string; enabled: boolean }>(
    ctx.tx,
    sql`select c.relname as "table", t.tgname as trigger, t.tgenabled = 'A' as enabled from pg_trigger t join pg_class c on c.oid = t.tgrelid
        where t.tgname like '%\\_is\\_frozen' and not t.tgisinternal order by 1`,
  )

export interface LeafVersion {
  id: string
  state: string
  size: Record<string, number | string>
  host_name: string | null
}
export const versionsById = (ctx: Context, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : rows<{
        id: string
        resource_id: string
        state: string
        size: Record<string, number | string>
        from: string
        to: string | null
        host_name: string | null
      }>(
        ctx.tx,
        sql`select v.id, v.resource_id, v.content->>'state' as state, v.content->'size' as size, (extract(epoch from v.valid_from) * 1000)::int8 as "from",
              (extract(epoch from v.valid_to) * 1000)::int8 as "to", h.name as host_name
            from observed_version v left join resource h on h.id = v.host_id where v.id in (${sql.join(
              [...ids].map((id) => sql`${id}::uuid`),
              sql`, `,
            )})`,
      )
export const assignmentsById = (ctx: Context, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : rows<{
        id: string
        account_id: string
        account_name: string
        resource_id: string
        from: string | null
        to: string | null
      }>(
        ctx.tx,
        sql`select a.id, a.account_id, n.name as account_name, a.resource_id, (extract(epoch from a.valid_from) * 1000)::int8 as "from", (extract(epoch from a.valid_to) * 1000)::int8 as "to"
            from assignment a join account n on n.id = a.account_id where a.id in (${sql.join(
              [...ids].map((id) => sql`${id}::uuid`),
              sql`, `,
            )})`,
      )
export const pricesById = (ctx: Context, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : rows<{
        id: string
        amount: string
        terms: unknown
        model: string
        per: string
        unit: string
        gap_policy: string
        tax_inclusive: boolean
      }>(
        ctx.tx,
        sql`select id, trim_scale(amount)::text as amount, terms, model, per, unit, gap_policy, tax_inclusive from price_version where id in (${sql.join(
          [...ids].map((id) => sql`${id}::uuid`),
          sql`, `,
        )})`,
      )
/** The rank of a contract's own price book: every other goes before. */
export const OWN = 3
/** When a contract had which price book, by the order in which they are looked up. */
export interface BookTime {
  price_book_id: string
  rank: number
  from: number
  to: number | null
}
interface TimeText {
  from: string | null
  to: string | null
}
const timeOf = ({ from, to }: TimeText) => ({
  from: from === null ? 0 : Number.parseInt(from, 10),
  to: to === null ? null : Number.parseInt(to, 10),
})
/** As the cut of an invoice knew them: of a customer, of a group, and the contract's own. */
export async function booksOfContract(ctx: Context, { contract_id, cut }: InvoiceRow): Promise<BookTime[]> {
  const found = await rows<TimeText & Pick<BookTime, 'price_book_id' | 'rank'>>(
    ctx.tx,
    sql`select price_book_id, array_position(array['customer', 'group'], negotiated_for)::int as rank, ${ms(sql`valid_from`)} as "from", ${ms(sql`valid_to`)} as "to"
          from contract_book where contract_id = ${contract_id} and ${knownAt(sql`cut_from`, sql`cut_to`, cut)}
        union all select price_book_id, ${OWN}::int, null, null from contract where id = ${contract_id}`,
  )
  return found.map((row) => ({ ...row, ...timeOf(row) }))
}
/** All versions of prices in some books, as the cut of an invoice knew them. */
export async function versionsOfBooks(ctx: Context, books: readonly string[], { cut }: InvoiceRow) {
  const found = await rows<TimeText & { id: string; price_book_id: string; kind: string; meter: string }>(
    ctx.tx,
    sql`select id, price_book_id, kind, meter, ${ms(sql`effective_at`)} as "from", ${ms(sql`ends_at`)} as "to"
        from price_version where price_book_id = any(${arrayText(books)}::uuid[]) and ${knownAt(sql`cut_from`, sql`cut_to`, cut)}`,
  )
  return found.map((row) => ({ ...row, ...timeOf(row) }))
}
/** In which book each price stands. */
export const bookOfPrices = (ctx: Context, ids: readonly string[]) =>
  ids.length === 0
    ? Promise.resolve([])
    : rows<{ id: string; price_book_id: string }>(
        ctx.tx,
        sql`select id, price_book_id from price_version where id = any(${arrayText(ids)}::uuid[])`,
      )
