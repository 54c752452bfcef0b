/** The words of a backup file: what it says about itself at its head, around each table, and at its end. */
import { z } from 'zod'

/** Raised when an older program could not read what a newer one writes. */
export const FORMAT_VERSION = 1

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const Count = z.int().min(0)

export const Head = z.object({
  program_version: z.string(),
  postgres_version: z.string(),
  installation_id: z.uuid(),
  created_at: z.iso.datetime(),
  /** the open cut at the moment that is backed up */
  cut: Count,
  /** hashes of the migrations that its tables went through, in order */
  migrations: z.array(z.string()),
})
export type Head = z.infer<typeof Head>

/** A file of the data folder that travels along. */
export const KeptFile = z.object({ path: z.string(), content: z.string() })
export type KeptFile = z.infer<typeof KeptFile>

export const Table = z.object({ name: z.string(), columns: z.array(z.string()).min(1) })
export type Table = z.infer<typeof Table>

/** Follows the rows of a table, which are text as PostgreSQL's COPY writes it. */
export const TableEnd = z.object({ rows: Count, bytes: Count, sha256: Sha256 })
export type TableEnd = z.infer<typeof TableEnd>

/** What was sold and what was used, each as one number that two installations can compare. */
export const Digests = z.object({ ledger: Sha256, usage: Sha256 })
export type Digests = z.infer<typeof Digests>

export const End = z.object({
  tables: Count,
  rows: Count,
  bytes: Count,
  sequences: z.record(z.string(), z.string().regex(/^-?\d+$/)),
  digests: Digests,
})
export type End = z.infer<typeof End>

export interface Progress {
  table: string
  tables_done: number
  tables: number
  rows: number
  /** of the rows as text, before compression */
  bytes: number
  /** 0 to 100; while a backup is made it follows PostgreSQL's own estimates */
  percent: number
}
export type OnProgress = (progress: Progress) => void
