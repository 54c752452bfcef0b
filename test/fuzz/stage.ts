/** A whole installation for one run: real PostgreSQL, an enrolled agent with a source of its own, and another agent's source. */
import postgres from 'postgres'
import { createDefaultBook } from '#control-plane/catalog/index.ts'
import { setUpContract } from '#control-plane/contracts/index.ts'
import { iso } from '#control-plane/base/time.ts'
import { type Agent, enrolledAgent } from '../integration/agent.ts'
import { prepare, type Prepared } from '../setup/prepare.ts'
import { NOW } from './reports.ts'

/** Fixed, so that an input made again is the same to the letter. */
export const OWN_SOURCE = '01890000-0000-7000-8000-000000000001'
export const FOREIGN_SOURCE = '01890000-0000-7000-8000-000000000002'

export interface Stage {
  world: Prepared
  agent: Agent
  ownerUrl: string
  folder: string
  end(): Promise<void>
}

async function enrolled(world: Prepared, owner: postgres.Sql, realm: string, source: string): Promise<Agent> {
  const agent = await enrolledAgent(world, realm)
  await owner`update source set id = ${source} where id = ${agent.source}`
  agent.source = source
  return agent
}

/** `ownerUrl` is of an empty database; `folder` keeps the passwords of its roles. */
export async function openStage(ownerUrl: string, folder: string): Promise<Stage> {
  const world = await prepare(ownerUrl, folder, iso(NOW))
  const owner = postgres(ownerUrl, { max: 1, onnotice: () => {} })
  try {
    await world.run((ctx) => createDefaultBook(ctx, world.legal_entity_id))
    await world.run((ctx) => setUpContract(ctx, world.account_id))
    const agent = await enrolled(world, owner, 'fuzz', OWN_SOURCE)
    await enrolled(world, owner, 'neighbour', FOREIGN_SOURCE)
    return { world, agent, ownerUrl, folder, end: () => world.db.$client.end({ timeout: 1 }) }
  } finally {
    await owner.end()
  }
}
