/** Reads who and what there is: users page by page, each with its buckets, and the buckets that are nobody's of these. */
import { ConnectorError } from '#connectors/wire.ts'
import type { Client } from './client.ts'
import { type Bucket, bucketFrom, type User, userFrom } from './map.ts'

const LIMITS = { atOnce: 8, failures: 20 } as const

export interface Survey {
  users: User[]
  buckets: { bucket: Bucket; at_ms: number }[]
  /** parts that radosgw answered wrongly: what they hold is missing here, and may well be there */
  failures: ConnectorError[]
}

export async function survey(client: Client, now: () => number, signal: AbortSignal): Promise<Survey> {
  const users = new Map<string, User>()
  const buckets = new Map<string, { bucket: Bucket; at_ms: number }>()
  const failures: ConnectorError[] = []
  const isSuspended = (owner: string) => users.get(owner)?.suspended === true
  const attempt = tolerant(failures)
  const note = (answer: unknown, of: string) => {
    const bucket = bucketFrom(answer, isSuspended)
    if (!bucket) throw unreadable(`a bucket of ${of}`)
    buckets.set(bucket.external_id, { bucket, at_ms: now() })
  }
  await each(await client.names('user', signal), (uid) =>
    attempt(async () => {
      const answer = await client.user(uid, signal)
      // deleted since it was listed
      if (answer === null) return
      const user = userFrom(uid, answer)
      if (!user) throw unreadable(`the user ${uid}`)
      users.set(uid, user)
      const all = await client.bucketsOf(uid, signal)
      if (!Array.isArray(all) && all !== null) throw unreadable(`the buckets of ${uid}`)
      for (const one of all ?? []) note(one, uid)
    }),
  )
  // those of accounts, or of owners that are no more
  const names = await client.names('bucket', signal)
  await each(
    names.filter((name) => !buckets.has(name)),
    (name) =>
      attempt(async () => {
        const answer = await client.bucket(name, signal)
        if (answer !== null) note(answer, name)
      }),
  )
  return { users: [...users.values()], buckets: [...buckets.values()], failures }
}

const unreadable = (what: string) =>
  new ConnectorError(
    'bad_answer',
    `radosgw’s answer about ${what} is not what the admin API documents`,
    'Compare it with `radosgw-admin user info` and `radosgw-admin bucket stats`; if these are right, report it to the project.',
  )

/** One part that can't be read stops no other; what concerns all of them stops at once. */
function tolerant(failures: ConnectorError[]) {
  return async (read: () => Promise<void>): Promise<void> => {
    try {
      await read()
    } catch (error) {
      if (!(error instanceof ConnectorError) || error.code !== 'bad_answer' || failures.length >= LIMITS.failures)
        throw error
      failures.push(error)
    }
  }
}

/** A few at once; the first failure ends it. */
async function each(names: readonly string[], read: (name: string) => Promise<void>): Promise<void> {
  const queue = names.values()
  let hasFailed = false
  const work = async () => {
    for (const name of queue) {
      if (hasFailed) return
      try {
        await read(name)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: LIMITS.atOnce }, work))
}

/** One failure that tells of all. */
export function together(failures: readonly [ConnectorError, ...ConnectorError[]]): ConnectorError {
  const [first] = failures
  const more = failures.length > 1 ? `, and ${failures.length - 1} more like it` : ''
  return new ConnectorError(first.code, `the listing is incomplete: ${first.message}${more}`, first.remedy)
}
