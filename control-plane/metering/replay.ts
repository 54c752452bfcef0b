/** A replay: the stored readings of a source's window go through metering again. Where the data are the same, nothing changes. */
import { permit } from '../base/actor.ts'
import { Problem } from '../base/problem.ts'
import { fromIso, HOUR_MS, hourOf, iso } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import { append } from '../events/index.ts'
import { resourcesOfSource } from '../inventory/index.ts'
import { getSource } from '../sources/index.ts'
import type { NewReplay, Replay } from './contract.ts'
import { replayed } from './settle.ts'

const WINDOW_MS_MAX = 31 * 24 * HOUR_MS
/** So much time of resources is gone through in one part: a reading in ten seconds makes it 86,000 of them. */
const PART_MS = 10 * 24 * HOUR_MS
const RESOURCES_MAX = 200
const SHOWN_HOURS = 100

/** One part; whoever wants the whole goes on with its `next_cursor`. */
export async function replay(ctx: Context, source_id: string, asked: NewReplay): Promise<Replay> {
  permit(ctx, 'agents.write')
  const { from, to } = windowOf(asked, ctx.now())
  const source = await getSource(ctx, source_id)
  const limit = Math.max(1, Math.min(RESOURCES_MAX, Math.floor(PART_MS / (to - from))))
  const after = asked.cursor ?? null
  const { found, total } = await resourcesOfSource(ctx, source_id, { since: from, after, limit })
  const windows = found.map(({ id }) => ({ resource_id: id, from, to }))
  const changes = await replayed(ctx, windows)
  const names = new Map(found.map(({ id, name }) => [id, name]))
  const hours = changes.slice(0, SHOWN_HOURS).map(({ resource_id, usage, stored }) => ({
    resource: { id: resource_id, name: names.get(resource_id) ?? '' },
    meter: usage.meter,
    hour: iso(usage.hour),
    before: stored?.quantity.toString() ?? null,
    after: usage.quantity.toString(),
  }))
  const part = { from: iso(from), to: iso(to), resources: found.length, changed: changes.length }
  // the whole is told once, and each part that mended something
  if (changes.length > 0 || after === null)
    await append(ctx, {
      type: 'source.replayed',
      subject: { kind: 'source', id: source_id },
      account_id: source.account_id,
      after: { ...part, hours: hours.slice(0, 10) },
    })
  return { ...part, total, hours, next_cursor: found.length < limit ? null : (found.at(-1)?.id ?? null) }
}

/** Whole hours, none of them to come. */
function windowOf(asked: NewReplay, now: number) {
  const [from, end] = [hourOf(fromIso(asked.from)), Math.min(fromIso(asked.to), now)]
  const to = hourOf(end - 1) + HOUR_MS
  if (from < end && to - from <= WINDOW_MS_MAX) return { from, to }
  const detail = from < end ? 'is more than 31 days after /from' : 'is not after /from, or /from is to come'
  throw new Problem('invalid', 'Choose a window of at most 31 days that has begun.', [{ pointer: '/to', detail }])
}
