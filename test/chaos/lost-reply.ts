/** The narrowest moment, made on purpose: the control plane is killed after it committed a report and before its reply got out. */
import type { Msg } from '@nats-io/transport-node'
import type { Replayer } from './replay.ts'
import type { PlaneSite, Site } from './site.ts'

const PATIENCE_MS = 20_000

async function until<T>(what: string, look: () => Promise<T | null | undefined | false>): Promise<T> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await Bun.sleep(10)) {
    const found = await look()
    if (found) return found
  }
  throw new Error(`${what}: not within ${PATIENCE_MS / 1000} s`)
}

type Key = { spool_id: string; sequence: number }
const newest = (site: Site) =>
  site.sql<Key[]>`select distinct on (spool_id) spool_id, sequence from batch order by spool_id, sequence desc`

const duplicates = async (site: Site): Promise<number> =>
  Number((await site.sql`select coalesce(sum(duplicate), 0) as count from intake_hour`)[0]?.count)

/** Answers how many readings came again with the report whose reply was lost. */
export async function loseReply(site: Site, plane: PlaneSite, replayer: Replayer): Promise<number> {
  plane.toNats.hold('up')
  const before = await newest(site)
  const committed = await until('a report is committed while replies are held back', async () => {
    const now = await newest(site)
    return now.find((row) => !before.some((b) => b.spool_id === row.spool_id && b.sequence >= row.sequence))
  })
  await plane.part.kill()
  plane.toNats.release()
  for (const proxy of site.proxies) proxy.reset()
  const known = await duplicates(site)
  await plane.part.start()
  await plane.part.untilReady()
  const message = await until<Msg>('the report was overheard', async () =>
    replayer.find(committed.spool_id, committed.sequence),
  )
  await until('the control plane takes the report again', () => replayer.sendAgain(message))
  return (await duplicates(site)) - known
}
