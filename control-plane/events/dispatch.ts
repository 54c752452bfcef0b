/** Background: numbers committed events in one order, tells the living, and keeps the public stream complete. */
import { system } from '../base/actor.ts'
import { pseudonymOf, replacePersonal } from '../base/personal.ts'
import type { Bus } from '../bus/index.ts'
import { SUBJECTS } from '#connectors/contract.ts'
import { type Clock, type Database, transact } from '../db/index.ts'
import { CHANGE_SUBJECT } from './live.ts'
import {
  eventsAfter,
  fromRow,
  hasUnnumbered,
  lastNumber,
  lockNumbering,
  lockPublishing,
  numberEvents,
} from './store.ts'
import type { Event } from './contract.ts'

const BATCH = 500
/** NATS refuses messages above 1 MiB: what is larger travels without its contents, which the API has. */
const BODY_LIMIT = 512 * 1024

export interface DispatchDeps {
  db: Database
  bus: Bus
  now: Clock
}

/** Numbers what was committed; one process at a time. Returns how many. */
export async function numberCommitted({ db, bus, now }: DispatchDeps): Promise<number> {
  if (!(await hasUnnumbered(db))) return 0
  const numbered = await transact(db, system('events'), now, async ({ tx }) =>
    (await lockNumbering(tx)) ? await numberEvents(tx, BATCH) : [],
  )
  for (const row of numbered) {
    const { number, type, subject, account_id } = fromRow(row)
    bus.publish(CHANGE_SUBJECT, JSON.stringify({ number, type, subject, account_id }))
  }
  return numbered.length
}

/**
 * Publishes numbered events to the stream, in order. Where it stands is read from the stream itself, so that after any
 * outage, or a new NATS, nothing is missing. The returned task does nothing while there is nothing new.
 */
export function streamPublisher(deps: DispatchDeps, installationId: () => Promise<string>): () => Promise<void> {
  let published = -1
  return async () => {
    if (!deps.bus.connected() || (await lastNumber(deps.db)) <= published) return
    const installation = await installationId()
    published = await transact(deps.db, system('events'), deps.now, async ({ tx }) => {
      if (!(await lockPublishing(tx))) return published
      let last = numberIn(await deps.bus.log.last(SUBJECTS.event(installation, '>')))
      for (const row of await eventsAfter(tx, last, BATCH)) {
        const event = fromRow(row)
        await deps.bus.log.append(SUBJECTS.event(installation, event.type), event.id, eventText(event))
        last = event.number ?? last
      }
      return last
    })
  }
}

const numberIn = (text: string | null): number => (text === null ? 0 : Number((JSON.parse(text) as Event).number ?? 0))

/** Whoever reads the stream keeps what he read: names, which can't be taken back, stay here. */
function eventText(named: Event): string {
  const event = replacePersonal(named, ({ person_id }) => pseudonymOf(person_id))
  const text = JSON.stringify(event)
  if (Buffer.byteLength(text) <= BODY_LIMIT) return text
  return JSON.stringify({ ...event, before: null, after: null, truncated: true })
}
