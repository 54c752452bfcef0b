/** Whether the process lives, and whether it can do its work just now. */
import { sql } from 'drizzle-orm'
import { Hono } from 'hono'
import { Gauge } from 'prom-client'
import { type Database, isDiskFull } from '../db/index.ts'

const DATABASE_WAIT_MS = 2_000

export interface HealthDeps {
  db: Database
  busConnected: () => boolean
}

type State = { state: 'ok' } | { state: 'down' | 'full'; detail: string }

// registers itself
void new Gauge({
  name: 'atalaya_database_disk_full',
  help: '1 where PostgreSQL refused to write in the last 30 s because its disk is full',
  collect() {
    this.set(isDiskFull() ? 1 : 0)
  },
})

const FULL: State = {
  state: 'full',
  detail:
    'The disk of PostgreSQL is full: free space on it. Nothing that was acknowledged is lost; reports wait in the spools of the agents and come by themselves.',
}

async function databaseState(db: Database): Promise<State> {
  const late = Bun.sleep(DATABASE_WAIT_MS).then(() => 'late' as const)
  const answer = db.execute(sql`select 1`).then(
    () => 'ok' as const,
    () => 'refused' as const,
  )
  const outcome = await Promise.race([answer, late])
  if (outcome === 'ok') return isDiskFull() ? FULL : { state: 'ok' }
  return {
    state: 'down',
    detail:
      outcome === 'late' ? 'PostgreSQL does not answer; waiting for it.' : "PostgreSQL can't be reached; retrying.",
  }
}

const busState = (connected: boolean): State =>
  connected ? { state: 'ok' } : { state: 'down', detail: "NATS can't be reached; reconnecting." }

export const health = (deps: HealthDeps) =>
  new Hono()
    .get('/healthz', (c) => c.json({ status: 'alive' }))
    .get('/readyz', async (c) => {
      const checks = { database: await databaseState(deps.db), bus: busState(deps.busConnected()) }
      const ready = Object.values(checks).every((check) => check.state === 'ok')
      return c.json({ status: ready ? 'ready' : 'not ready', checks }, ready ? 200 : 503)
    })
