/** The lock between those who seal and who changes the keys. */
import { sql } from 'drizzle-orm'
import type { Tx } from '../db/index.ts'

const LOCK = 7_241_011

/** Held by who seals, until his transaction ends: keys that he used are not taken away under him. */
export const lockSealing = (tx: Tx) => tx.execute(sql`select pg_advisory_xact_lock_shared(${LOCK})`)
/** Waits for all who seal; whoever comes later sees the keys that are in the files by then. */
export const lockKeys = (tx: Tx) => tx.execute(sql`select pg_advisory_xact_lock(${LOCK})`)
