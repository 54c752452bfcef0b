/** Sealing: what was numbered is chained in batches, behind the back of those who change things. */
import { Gauge } from 'prom-client'
import { permit, system } from '../base/actor.ts'
import { type Clock, type Context, type Database, transact } from '../db/index.ts'
import { recordsIn, tailAfter } from '../events/index.ts'
import { sealOf, START } from './rules.ts'
import { insertSeal, lockSealing, readHead } from './store.ts'

/** Records of one seal at most. */
const BATCH = 500
/** Seals of one run at most: what an upgrade finds unsealed is sealed over several runs. */
const SEALS = 20

const unsealedRecords = new Gauge({
  name: 'atalaya_audit_unsealed_records',
  help: 'Events that no seal covered when the sealer last looked',
})
const unsealedSeconds = new Gauge({
  name: 'atalaya_audit_unsealed_age_seconds',
  help: 'Age of the oldest event that no seal covered when the sealer last looked',
})

/** Background: seals all that is numbered. One process at a time; nobody who changes something waits for it. Returns how many. */
export async function seal(db: Database, now: Clock): Promise<number> {
  const as = <T>(verb: (ctx: Context) => Promise<T>) => transact(db, system('audit'), now, verb)
  if (!(await as(look))) return 0
  let sealed = 0
  for (let n = 0; n < SEALS; n += 1) {
    const count = await as(sealBatch)
    sealed += count
    if (count < BATCH) break
  }
  return sealed
}

/** True where something waits. */
async function look(ctx: Context): Promise<boolean> {
  permit(ctx, 'audit.read')
  const head = (await readHead(ctx.tx)) ?? START
  const { count, oldest_at } = await tailAfter(ctx, String(head.last_number))
  unsealedRecords.set(count)
  unsealedSeconds.set(oldest_at === null ? 0 : Math.max(0, (ctx.now() - oldest_at) / 1_000))
  return count > 0
}

async function sealBatch(ctx: Context): Promise<number> {
  permit(ctx, 'audit.read')
  if (!(await lockSealing(ctx.tx))) return 0
  const head = (await readHead(ctx.tx)) ?? START
  const records = await recordsIn(ctx, { above: String(head.last_number), up_to: null }, BATCH)
  if (records.length > 0) await insertSeal(ctx.tx, sealOf(records, head, ctx.now()))
  return records.length
}
