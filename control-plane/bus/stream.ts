/** The durable public event stream in JetStream: bounded, made when it is first needed. */
import { jetstreamManager, JetStreamApiError, type JetStreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'
import type { EventLog } from './index.ts'

const STREAM = 'atalaya-events'
const BOUNDS = { max_bytes: 1024 ** 3, max_msg_size: 1024 ** 2, max_age_days: 365, duplicates_minutes: 2 }
const NANOSECONDS_A_SECOND = 1_000_000_000
const NOT_FOUND = 404

const configuration = {
  name: STREAM,
  subjects: ['v1.event.>'],
  max_bytes: BOUNDS.max_bytes,
  max_msg_size: BOUNDS.max_msg_size,
  max_age: BOUNDS.max_age_days * 86_400 * NANOSECONDS_A_SECOND,
  duplicate_window: BOUNDS.duplicates_minutes * 60 * NANOSECONDS_A_SECOND,
}

const isMissing = (error: unknown) => error instanceof JetStreamApiError && error.status === NOT_FOUND

export function jetStreamLog(current: () => NatsConnection, log: Logger): EventLog {
  let found: { nc: NatsConnection; manager: JetStreamManager } | null = null
  /** The stream may vanish with its server's disk: any failure makes the next call look again. */
  const stream = async (): Promise<JetStreamManager> => {
    const nc = current()
    if (found?.nc === nc) return found.manager
    const manager = await jetstreamManager(nc)
    await ensureStream(manager, log)
    found = { nc, manager }
    return manager
  }
  const using = async <T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T> => {
    try {
      return await work(await stream())
    } catch (error) {
      found = null
      throw error
    }
  }
  return {
    append: (subject, id, body) =>
      using(async (manager) => {
        await manager.jetstream().publish(subject, body, { msgID: id, timeout: 5_000 })
      }),
    last: (subject) =>
      using(async (manager) => {
        const message = await manager.streams.getMessage(STREAM, { last_by_subj: subject }).catch((error: unknown) => {
          if (isMissing(error)) return null
          throw error
        })
        return message ? new TextDecoder().decode(message.data) : null
      }),
  }
}

async function ensureStream(manager: JetStreamManager, log: Logger): Promise<void> {
  try {
    await manager.streams.info(STREAM)
  } catch (error) {
    if (!isMissing(error)) throw error
    await manager.streams.add(configuration)
    log.info({ stream: STREAM }, 'the stream of events was made')
  }
}
