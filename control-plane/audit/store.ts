/** SQL of the audit: seals, and the head of their chain. */
import { eq, sql } from 'drizzle-orm'
import { rows, type Tx } from '../db/index.ts'
import type { Head, Seal } from './rules.ts'
import { auditHead, auditSeal } from './schema.ts'

const LOCK = 7_241_007

/** False where another process seals; held until the transaction ends. No verb ever waits for it. */
export async function lockSealing(tx: Tx): Promise<boolean> {
  const [row] = await rows<{ taken: boolean }>(tx, sql`select pg_try_advisory_xact_lock(${LOCK}) as taken`)
  return row?.taken === true
}

export async function readHead(tx: Tx): Promise<Head | null> {
  const [row] = await tx.select().from(auditHead)
  return row ?? null
}

export async function insertSeal(tx: Tx, seal: Seal): Promise<void> {
  await tx.insert(auditSeal).values({ ...seal, sealed_at: Number(seal.sealed_at) })
  const { number, last_number, hash } = seal
  await tx
    .insert(auditHead)
    .values({ id: 1, number, last_number, hash })
    .onConflictDoUpdate({ target: auditHead.id, set: { number, last_number, hash } })
}

/** In order, above a number. */
export async function selectSeals(tx: Tx, above: number, limit: number): Promise<Seal[]> {
  const found = await rows<Seal>(
    tx,
    sql`select number, first_number, last_number, count, entries, previous_hash, hash,
          trim_scale(extract(epoch from sealed_at) * 1000)::text as sealed_at
        from audit_seal where number > ${above}::int8 order by number limit ${limit}`,
  )
  return found.map((seal) => ({
    ...seal,
    number: Number(seal.number),
    first_number: Number(seal.first_number),
    last_number: Number(seal.last_number),
  }))
}

export async function hashOfSeal(tx: Tx, number: number): Promise<string | null> {
  const [row] = await tx.select({ hash: auditSeal.hash }).from(auditSeal).where(eq(auditSeal.number, number))
  return row?.hash ?? null
}

/** Seals at impossible places. */
export async function countSealsBelow(tx: Tx, number: number): Promise<number> {
  const [row] = await rows<{ count: string }>(
    tx,
    sql`select count(*) as count from audit_seal where number < ${number}`,
  )
  return Number(row?.count ?? 0)
}

/** Triggers of these tables by name, and whether each fires in every session. */
export const selectGuards = (tx: Tx): Promise<{ name: string; enabled: boolean }[]> =>
  rows(
    tx,
    sql`select tgname::text as name, tgenabled = 'A' as enabled from pg_trigger
        where tgrelid in ('audit_seal'::regclass, 'audit_head'::regclass) and not tgisinternal`,
  )
