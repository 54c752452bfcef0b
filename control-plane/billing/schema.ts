/** Tables of billing: number series, frozen invoices with their lines, and rendered documents by hash. */
import {
  type AnyPgColumn,
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core'
import { account, legalEntity } from '../accounts/schema.ts'
import { contract } from '../contracts/schema.ts'
import { bytea, instant } from '../db/columns.ts'
import type { DocumentLine, DocumentType, InvoiceContent } from './contract.ts'

/** One gapless sequence per legal entity, document type and year; its row is locked while a number is taken. */
export const series = pgTable(
  'series',
  {
    legal_entity_id: uuid()
      .notNull()
      .references(() => legalEntity.id),
    document_type: text().$type<DocumentType>().notNull(),
    year: integer().notNull(),
    next_number: integer().notNull(),
    last_hash: text().notNull(),
  },
  (t) => [primaryKey({ columns: [t.legal_entity_id, t.document_type, t.year] })],
)

/** Frozen at issue: the database refuses update, delete and truncate. */
export const invoice = pgTable(
  'invoice',
  {
    id: uuid().primaryKey(),
    legal_entity_id: uuid()
      .notNull()
      .references(() => legalEntity.id),
    account_id: uuid()
      .notNull()
      .references(() => account.id),
    contract_id: uuid()
      .notNull()
      .references(() => contract.id),
    document_type: text().$type<DocumentType>().notNull(),
    series_year: integer().notNull(),
    series_number: integer().notNull(),
    number: text().notNull(),
    issued_at: instant().notNull(),
    period_from: instant().notNull(),
    period_to: instant().notNull(),
    currency: text().notNull(),
    net_minor: bigint({ mode: 'bigint' }).notNull(),
    tax_minor: bigint({ mode: 'bigint' }).notNull(),
    total_minor: bigint({ mode: 'bigint' }).notNull(),
    line_count: integer().notNull(),
    cut: integer().notNull(),
    content: jsonb().$type<InvoiceContent>().notNull(),
    content_hash: text().notNull(),
    previous_hash: text().notNull(),
    /** of a note: the invoice that it corrects */
    corrects_id: uuid().references((): AnyPgColumn => invoice.id),
    /** of charges alone: it bills no period */
    one_off: boolean().notNull().default(false),
  },
  (t) => [
    uniqueIndex().on(t.legal_entity_id, t.document_type, t.series_year, t.series_number),
    uniqueIndex().on(t.legal_entity_id, t.number),
    index().on(t.account_id, t.issued_at),
    index().on(t.corrects_id),
  ],
)

export const invoiceLine = pgTable(
  'invoice_line',
  {
    invoice_id: uuid()
      .notNull()
      .references(() => invoice.id),
    position: integer().notNull(),
    line_id: text().notNull(),
    account_id: uuid().notNull(),
    resource_id: uuid().notNull(),
    net_minor: bigint({ mode: 'bigint' }).notNull(),
    content: jsonb().$type<DocumentLine>().notNull(),
  },
  (t) => [primaryKey({ columns: [t.invoice_id, t.position] }), uniqueIndex().on(t.invoice_id, t.line_id)],
)

/** Rendered once, served from here for ever. */
export const document = pgTable('document', {
  sha256: text().primaryKey(),
  media_type: text().notNull(),
  bytes: bytea().notNull(),
  created_at: instant().notNull(),
})

export const invoiceDocument = pgTable(
  'invoice_document',
  {
    invoice_id: uuid()
      .notNull()
      .references(() => invoice.id),
    language: text().$type<'en' | 'es'>().notNull(),
    account_id: uuid().notNull(),
    sha256: text()
      .notNull()
      .references(() => document.sha256),
    /** SHA-256 over the invoice's hash, the language and the file's: no file passes as another's. Null: rendered before this was kept */
    binding: text(),
  },
  (t) => [primaryKey({ columns: [t.invoice_id, t.language] })],
)
