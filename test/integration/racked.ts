/** A rack, and a machine that is nobody's and may be mounted into it. */
import type { Call } from './http.ts'
import { enrolledAgent, host } from './agent.ts'
import { resourceId, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

/** What is sent to mount it. */
export async function racked(
  world: Prepared,
  call: Call,
): Promise<{ rack_id: string; resource_id: string; unit: number }> {
  const bare = await enrolledAgent(world, 'bare', null)
  await bare.send([bare.listing(world.clock.now, 'iron', [host('iron')])])
  await settled(world)
  const { body } = await call('POST', '/hardware/racks', { site: 'MAD1', name: 'A-07' })
  return { rack_id: body['id'] as string, resource_id: await resourceId(world, 'iron'), unit: 1 }
}
