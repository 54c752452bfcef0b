/** A snapshot and readings of one resource a month back: how long until all follows from them, and whom it touched. */
import { newId } from '#control-plane/base/id.ts'
import { listingDigest, Observation } from '#connectors/contract.ts'
import { settled } from './fleets.ts'
import { readings } from './fleet.ts'
import type { Installation } from './installation.ts'
import { median } from './report.ts'
import type { Sender } from './sender.ts'

const DAY_MS = 86_400_000
const HISTORY_DAYS = 40
/** of the machine whose past changes: a reading in ten minutes over all its days */
const READING_MS = 600_000
const SECONDS_MAX = 1

export interface Recompute {
  seconds: number
  seconds_max: number
  /** rows that were written for the resource itself, and for others */
  rows_own: number
  rows_others: number
  pass: boolean
}

const observed = (name: string, vcpu_count: number) =>
  Observation.parse({ kind: 'vm', external_id: name, name, state: 'running', size: { vcpu_count } })

function snapshot(source: string, at: number, machine: Observation): unknown {
  const digest = listingDigest([machine], true)
  const scope = { kind: 'cluster', external_id: 'old' }
  const stated = { type: 'snapshot', source, seen_at_ms: at, scope, complete: true, interval_ms: DAY_MS, digest }
  return { ...stated, snapshot: newId(), part: 0, parts: 1, resources: [machine] }
}

/** A machine listed each day, with readings all along. */
async function history(sender: Sender, from: number): Promise<void> {
  const fleet = { source: sender.source, name: 'old', machines: 1 }
  const days = Array.from({ length: HISTORY_DAYS }, (_, day) => from + day * DAY_MS)
  await sender.send(sender.seal(days.map((at) => snapshot(sender.source, at, observed('old-vm-0', 2)))))
  for (const day of days) {
    const instants = Array.from({ length: DAY_MS / READING_MS }, (_, n) => day + n * READING_MS)
    await sender.send(sender.seal(instants.map((at) => ({ ...readings(fleet, 0, at, from), interval_ms: READING_MS }))))
  }
}

/** Rows of the timelines and of usage that were written since an instant, of the resource and of others. */
async function written(
  { sql }: Installation,
  resource: string,
  since: string,
): Promise<{ own: number; others: number }> {
  const [row] = await sql`
    with rows as (select resource_id, xmin from observed_version union all select resource_id, xmin from usage_hour)
    select count(*) filter (where resource_id = ${resource}) as own,
      count(*) filter (where resource_id <> ${resource}) as others
    from rows where age(xmin) < age(${since}::text::xid)`
  return { own: Number(row?.own), others: Number(row?.others) }
}

const machineId = async ({ sql }: Installation): Promise<string> =>
  String((await sql`select id from resource where external_id = 'old-vm-0'`)[0]?.id)
const transactionId = async ({ sql }: Installation): Promise<string> =>
  String((await sql`select pg_current_xact_id()::xid::text as id`)[0]?.id)

/** The past is made once; each time another late snapshot and a late reading come, a month back. */
export async function recompute(installation: Installation, now: number, times: number): Promise<Recompute> {
  const sender = await installation.addAgent('old')
  const from = now - HISTORY_DAYS * DAY_MS
  await history(sender, from)
  await settled(installation)
  const resource = await machineId(installation)
  const found: { seconds: number; own: number; others: number }[] = []
  for (let time = 1; time <= times; time += 1) {
    const at = now - 30 * DAY_MS + time * 3_600_000 + 1_234
    const fleet = { source: sender.source, name: 'old', machines: 1 }
    const late = [snapshot(sender.source, at, observed('old-vm-0', 2 + time)), readings(fleet, 0, at, from)]
    const [since, began] = [await transactionId(installation), performance.now()]
    await sender.send(sender.seal(late))
    await settled(installation)
    const seconds = (performance.now() - began) / 1_000
    found.push({ seconds, ...(await written(installation, resource, since)) })
  }
  await sender.close()
  const seconds = median(found.map((one) => one.seconds))
  const [rows_own, rows_others] = [
    Math.max(...found.map(({ own }) => own)),
    Math.max(...found.map((one) => one.others)),
  ]
  const pass = seconds <= SECONDS_MAX && rows_others === 0 && rows_own > 0
  return { seconds, seconds_max: SECONDS_MAX, rows_own, rows_others, pass }
}
