/** Verbs of pauses: when people let a source rest, so that its gap on a bill says so. */
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { type Instant, type Interval, intersect } from '../base/time.ts'
import { openCut } from '../db/cut.ts'
import type { Context } from '../db/index.ts'
import { together } from '../db/together.ts'
import { insertPause, selectPauses } from './store.ts'

/** Before any row is locked: who stores facts holds the cut first, too. */
export const cutOfPause = (ctx: Context): Promise<number> => openCut(ctx.tx)

export const notePause = (ctx: Context, source_id: string, begins: boolean, cut: number): Promise<void> =>
  insertPause(ctx.tx, { id: newId(), source_id, at: ctx.now(), begins, cut })

/** Stretches of an interval in which each of these sources rested, as known to a cut. One that still rests does so to its end. */
export async function pausedIn(
  ctx: Context,
  source_ids: readonly string[],
  interval: Interval,
  cut: number,
): Promise<(Interval & { source_id: string })[]> {
  permit(ctx, 'usage.read')
  const { from, to } = interval
  return await pausedTogether(ctx, { from, to, cut }, source_ids)
}

/** Of many accounts at once: their sources are asked for in one query. */
const pausedTogether = together(
  async (ctx, { from, to, cut }: Interval & { cut: number }, lists: readonly (readonly string[])[]) => {
    const marks = await selectPauses(ctx.tx, [...new Set(lists.flat())], to, cut)
    const bySource = Map.groupBy(marks, (mark) => mark.source_id)
    return lists.map((own) =>
      own.flatMap((source_id) =>
        stretchesOf(bySource.get(source_id) ?? [], { from, to }).map((stretch) => ({ source_id, ...stretch })),
      ),
    )
  },
)

/** Marks oldest first. */
function stretchesOf(marks: readonly { at: Instant; begins: boolean }[], interval: Interval): Interval[] {
  const out: Interval[] = []
  let since: Instant | null = null
  const end = (to: Instant) => {
    const part = since === null ? null : intersect({ from: since, to }, interval)
    if (part && part.from < part.to) out.push({ from: part.from, to: part.to ?? to })
    since = null
  }
  for (const { at, begins } of marks)
    if (!begins) end(at)
    else since ??= at
  end(interval.to)
  return out
}
