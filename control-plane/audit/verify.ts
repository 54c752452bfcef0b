/** The verifier: recomputes the chain of seals from the records themselves, in bounded batches, and names what somebody changed. */
import { permit } from '../base/actor.ts'
import { iso } from '../base/time.ts'
import { type Context, readOneMoment } from '../db/index.ts'
import { guardsOfEvents, recordsIn, recordsOutside, tailAfter } from '../events/index.ts'
import type { AuditExpectation, AuditFinding, AuditVerification } from './contract.ts'
import {
  checkEnd,
  checkGuards,
  checkRecords,
  checkSeal,
  deletedOf,
  type Head,
  readEntries,
  type Seal,
  START,
} from './rules.ts'
import * as store from './store.ts'

const SEALS = 50
const RECORDS = 1_000
const FINDINGS_LIMIT = 1_000

type Result = AuditVerification
type Report = (findings: readonly AuditFinding[]) => void

/** Checks all that was sealed, as of one moment. Empty findings: every record is what it was. Must be the first verb of its transaction. */
export async function verifyAudit(ctx: Context, { expected }: AuditExpectation = {}): Promise<Result> {
  permit(ctx, 'audit.read')
  await readOneMoment(ctx.tx)
  const result: Result = {
    seals: 0,
    records: 0,
    head: null,
    unsealed: { count: 0, oldest_at: null },
    findings: [],
    findings_left_out: 0,
  }
  const report: Report = (findings) => {
    const room = Math.max(0, FINDINGS_LIMIT - result.findings.length)
    result.findings.push(...findings.slice(0, room))
    result.findings_left_out += Math.max(0, findings.length - room)
  }
  report(checkGuards([...(await guardsOfEvents(ctx)), ...(await store.selectGuards(ctx.tx))]))
  await checkStrays(ctx, report)
  const last = await checkChain(ctx, result, report)
  const head = await store.readHead(ctx.tx)
  report(checkEnd(last, head))
  if (expected && (await store.hashOfSeal(ctx.tx, expected.number)) !== expected.hash)
    report([
      {
        check: 'expected',
        subject: String(expected.number),
        detail: 'The chain does not lead through the seal that you kept: it was cut, or made anew.',
      },
    ])
  const { count, oldest_at } = await tailAfter(ctx, String(Math.max(last.last_number, head?.last_number ?? 0)))
  result.unsealed = { count, oldest_at: oldest_at === null ? null : iso(oldest_at) }
  if (last.number > 0) result.head = { number: last.number, hash: last.hash }
  return result
}

/** What stands where the chain never comes by. */
async function checkStrays(ctx: Context, report: Report): Promise<void> {
  for (const { id, number } of await recordsOutside(ctx, FINDINGS_LIMIT))
    report([{ check: 'inserted', subject: number, detail: `This record (id ${id}) has a number that is never given.` }])
  const strays = await store.countSealsBelow(ctx.tx, 1)
  if (strays > 0)
    report([{ check: 'seal', subject: 'below 1', detail: `${strays} seals have a number that is never given.` }])
}

/** Returns the last seal. */
async function checkChain(ctx: Context, result: Result, report: Report): Promise<Head> {
  let last: Head = START
  for (;;) {
    const seals = await store.selectSeals(ctx.tx, last.number, SEALS)
    if (seals.length === 0) return last
    const before = last
    for (const seal of seals) {
      report(checkSeal(seal, last))
      last = seal
    }
    result.seals += seals.length
    await checkBatch(ctx, seals, before, result, report)
  }
}

/** The records between the seal before these and the last of these. */
async function checkBatch(
  ctx: Context,
  seals: readonly Seal[],
  before: Head,
  result: Result,
  report: Report,
): Promise<void> {
  const sealed = new Map(seals.flatMap(({ entries }) => [...readEntries(entries)]))
  const up_to = safe(Math.max(...seals.map(({ last_number }) => last_number)))
  for (let above = safe(before.last_number); ;) {
    const records = await recordsIn(ctx, { above, up_to }, RECORDS)
    report(checkRecords(sealed, records))
    result.records += records.length
    above = records.at(-1)?.number ?? above
    if (records.length < RECORDS) break
  }
  report(deletedOf(sealed))
}

/** A number that somebody made too large for a column is cut: that it was changed is told by its seal. */
const safe = (number: number): string => String(Math.min(number, Number.MAX_SAFE_INTEGER))
