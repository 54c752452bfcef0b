/** Starts one PostgreSQL and one NATS for a whole test run, and stops them by their number. */
import type { TestProject } from 'vitest/node'
import { natsServer, Stand } from './stand.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** folder of this run; suites make their own below it */
    folder: string
    /** a role that owns the databases and may make roles and databases, but isn't a superuser */
    postgresUrl: string
    superuserUrl: string
    natsUrl: string
    /** the nats-server program, for suites that stop and start one of their own */
    natsServer: string
  }
}

export default async function servers(project: TestProject): Promise<() => Promise<void>> {
  const program = natsServer()
  const stand = await Stand.open()
  try {
    const nats = await stand.startNats(program)
    project.provide('folder', stand.folder)
    project.provide('postgresUrl', stand.postgres.ownerUrl)
    project.provide('superuserUrl', stand.postgres.superuserUrl)
    project.provide('natsUrl', nats.url)
    project.provide('natsServer', program)
  } catch (error) {
    await stand.end()
    throw error
  }
  return () => stand.end()
}
