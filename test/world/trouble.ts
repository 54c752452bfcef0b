/** The troubles of agents that every world has: cut off, clocks set, spools wiped, cloned and too small. */
import { PROTOCOL } from '#connectors/contract.ts'
import { deflated } from '../integration/agent.ts'
import type { Simulated } from './agents.ts'
import { DAY_MS, gatheringOf, HOUR_MS, MINUTE_MS, WITHIN } from './plan.ts'
import type { Random } from './random.ts'
import type { Instant } from './truth.ts'
import type { Stage } from './world.ts'

export function trouble(stage: Stage): void {
  const { plan } = stage
  const random = plan.random.of('trouble')
  cut(stage, 'alpha-a2', at(stage, random, 0.2, 0.5), plan.batch_ms + random.int(4 * HOUR_MS, 11 * HOUR_MS))
  cut(stage, 'beta', at(stage, random, 0.3, 0.7), plan.batch_ms + random.int(3 * HOUR_MS, 7 * HOUR_MS))
  // longer than its spool is deep
  cut(stage, 'alpha-a3', at(stage, random, 0.3, 0.6), 6 * plan.batch_ms)
  const inside = [...stage.agents.keys()].filter((name) => name.startsWith(WITHIN.host))
  const [first = '', second = ''] = inside
  cut(stage, first, at(stage, random, 0.1, 0.4), random.int(5 * HOUR_MS, DAY_MS))
  wipe(stage, second, at(stage, random, 0.3, 0.6), random)
  for (const name of ['alpha-a3', 'beta', ...inside.slice(2, 4)]) setClock(stage, name, random)
  clone(stage, 'alpha-a1', at(stage, random, 0.4, 0.6))
}

const at = ({ plan: { start, end } }: Stage, random: Random, least: number, most: number): Instant =>
  start + random.int(Math.round((end - start) * least), Math.round((end - start) * most))

function agentOf({ agents }: Stage, name: string): Simulated {
  const agent = agents.get(name)
  if (!agent) throw new Error(`There is no agent ${name}.`)
  return agent
}

function cut(stage: Stage, name: string, from: Instant, length_ms: number): void {
  stage.agenda.at(from, () => agentOf(stage, name).cutUntil(from + length_ms))
}

/** While it is cut off, so that something goes with the disk. */
function wipe(stage: Stage, name: string, from: Instant, random: Random): void {
  const length_ms = gatheringOf(stage.plan, name) * random.int(2, 3)
  cut(stage, name, from, length_ms)
  stage.agenda.at(from + length_ms - 5 * MINUTE_MS, () => {
    agentOf(stage, name).wipe()
    for (const eye of stage.eyes) if (eye.parts.simulated === agentOf(stage, name)) eye.forget()
  })
}

function setClock(stage: Stage, name: string, random: Random): void {
  for (const [least, most] of [
    [0.15, 0.4],
    [0.5, 0.8],
  ] as const) {
    const by_ms = random.pick([-1, 1]) * random.int(2_000, 2 * HOUR_MS)
    stage.agenda.at(at(stage, random, least, most), () => agentOf(stage, name).setClock(by_ms))
  }
}

/** Another machine starts with a copy of the spool, and tells its own story under keys that are taken. */
function clone(stage: Stage, name: string, from: Instant): void {
  const { agenda, faults } = stage
  agenda.at(from, async () => {
    const { agent, bus } = agentOf(stage, name).parts
    const sequence = [...Array(agent.sequence).keys()].map((n) => n + 1).findLast((n) => bus.isStored(agent.spool, n))
    if (sequence === undefined) return agenda.after(HOUR_MS, () => clone(stage, name, agenda.now))
    const seen = agenda.now
    const invented = { ...agent.readings(seen, 'invented', { 'network_transmit_bytes/eth0': 7 }), type: 'readings' }
    const facts = [agent.listing(seen, 'a1', []), invented]
    const body = deflated({ protocol: PROTOCOL.current, clock_offset_ms: 0, boot_id: 'copy', facts })
    const sealed = agent.sign({ message: 'batch', spool: agent.spool, sequence, previous: '' }, body)
    const reply = await agent.deliver(sealed)
    if (!reply.ok) throw new Error(`A batch of a copied spool was refused: ${reply.message}`)
    faults.add('cloned')
  })
}
