/** Starts one PostgreSQL and one NATS for a whole test run, in a temporary folder, and stops them by their number. */
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { prepareDatabase } from '#control-plane/db/setup.ts'
import { prepareNats } from '../../deploy/nats.ts'
import { preparePostgres } from '../../deploy/postgres.ts'
import { Child, type Program } from '../../deploy/process.ts'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** folder of this run; suites make their own below it */
    folder: string
    /** a role that owns the databases and may make roles and databases, but isn't a superuser */
    postgresUrl: string
    superuserUrl: string
    natsUrl: string
    agentNatsUrl: string
    /** the nats-server program, for suites that stop and start one of their own */
    natsServer: string
  }
}

const READY_MS = 60_000

export async function startChild(program: Program, folder: string, ready: () => Promise<boolean>): Promise<Child> {
  const child = new Child(program, folder)
  try {
    await child.start()
    await child.whenReady(ready, READY_MS)
    return child
  } catch (error) {
    await child.stop()
    throw error
  }
}

const unpacked = join(import.meta.dirname, '../../.tools/debian/nats-server/usr/sbin/nats-server')

/** The program that test/run.sh found, else the one on PATH, else the one that an earlier run unpacked. */
function natsServer(): string {
  const server = process.env.ATALAYA_NATS_SERVER ?? Bun.which('nats-server') ?? (existsSync(unpacked) ? unpacked : null)
  if (!server) throw new Error('nats-server was not found. Run the tests by `npm test`, which fetches it.')
  return server
}

export default async function servers(project: TestProject): Promise<() => Promise<void>> {
  const program = natsServer()
  const folder = mkdtempSync(join(realpathSync(tmpdir()), 'atalaya-test-'))
  const children: Child[] = []
  const end = async () => {
    await Promise.all(children.map((child) => child.stop()))
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await startAll(project, folder, program, children)
  } catch (error) {
    await end()
    throw error
  }
  return end
}

async function startAll(project: TestProject, folder: string, natsProgram: string, children: Child[]): Promise<void> {
  const logs = join(folder, 'logs')
  const postgres = await preparePostgres(join(folder, 'postgres'), { durable: false })
  children.push(await startChild(postgres.program, logs, postgres.ready))
  const nats = await prepareNats(join(folder, 'nats'), natsProgram)
  children.push(await startChild(nats.program, logs, nats.ready))
  await postgres.createDatabase()
  // roles belong to the whole PostgreSQL: made here once, so that suites in parallel don't each change their passwords
  await prepareDatabase(postgres.ownerUrl, folder)
  project.provide('folder', folder)
  project.provide('postgresUrl', postgres.ownerUrl)
  project.provide('superuserUrl', postgres.superuserUrl)
  project.provide('natsUrl', nats.controlPlaneUrl)
  project.provide('agentNatsUrl', nats.agentUrl)
  project.provide('natsServer', natsProgram)
}
