/** A machine that is nobody's, so that no invoice has it, and a rack that it may stand in. */
import { enrolledAgent, host } from './agent.ts'
import type { Call } from './http.ts'
import { resourceId, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

/** What a person says who puts it there. */
export async function mountable(world: Prepared, call: Call) {
  const agent = await enrolledAgent(world, 'bare', null)
  await agent.send([agent.listing(world.clock.now, 'iron', [host('iron')])])
  await settled(world)
  const { body: rack } = await call('POST', '/hardware/racks', { site: 'MAD1', name: 'A-07' })
  return { rack_id: rack['id'] as string, resource_id: await resourceId(world, 'iron'), unit: 1 }
}
