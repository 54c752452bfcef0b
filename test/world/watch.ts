/** When each source looks, reads and hears, and when its agent makes a batch of it. */
import type { Simulated } from './agents.ts'
import type { Change, Eye } from './eye.ts'
import { gatheringOf, isWithin } from './plan.ts'
import type { Instant } from './truth.ts'
import type { Stage } from './world.ts'

/** Of four changes a vendor tells three. */
const UNTOLD = 4

export function watch(stage: Stage): void {
  const { agenda, plan, eyes, agents } = stage
  for (const [name, simulated] of agents)
    agenda.at(plan.start, () =>
      simulated.greet(() => {
        for (const eye of eyes.filter((one) => one.parts.simulated === simulated)) open(stage, eye)
        gather(stage, name, simulated)
      }),
    )
}

function open(stage: Stage, eye: Eye): void {
  const { plan, agenda } = stage
  const { realm, look_ms, tick_ms, random } = eye.parts
  const scopes = hostsOf(stage, eye)
  for (const host of scopes) repeat(stage, agenda.now + random.int(1, look_ms), look_ms, () => eye.look(host))
  repeat(stage, agenda.now + random.int(1, tick_ms), tick_ms, () => eye.tick(scopes))
  if (isWithin(realm)) return
  for (const change of changesOf(stage, realm))
    if (change.at > agenda.now && change.at < plan.end && scopes.includes(change.host) && !random.onceIn(UNTOLD))
      agenda.at(change.at, () => eye.tell(change))
}

function hostsOf({ plan }: Stage, { parts }: Eye): string[] {
  const own = plan.hosts.filter(({ source }) => source === parts.key).map(({ name }) => name)
  return own.length > 0 ? own : [parts.realm]
}

function repeat({ agenda, plan }: Stage, first: Instant, every_ms: number, work: () => void): void {
  const again = (at: Instant) => {
    if (at < plan.end)
      agenda.at(at, () => {
        work()
        again(at + every_ms)
      })
  }
  again(first)
}

/** Everything that changed about guests, with the host that could tell it. */
function changesOf({ bodies }: Stage, realm: string): Change[] {
  return bodies
    .filter((body) => body.realm === realm && body.kind === 'vm')
    .flatMap((body) =>
      body.life.flatMap((stretch, index): Change[] => {
        const before = body.life[index - 1]
        const here = { body, at: stretch.from, host: stretch.host, stretch }
        const left = before && before.host !== stretch.host
        const end = index === body.life.length - 1 ? stretch.to : null
        return [
          ...(left ? [{ body, at: stretch.from, host: before.host, stretch: null }] : []),
          here,
          ...(end === null ? [] : [{ body, at: end, host: stretch.host, stretch: null }]),
        ]
      }),
    )
}

function gather(stage: Stage, name: string, simulated: Simulated): void {
  const { agenda, plan } = stage
  const random = plan.random.of(`gather ${name}`)
  const every_ms = gatheringOf(plan, name)
  repeat(stage, agenda.now + random.int(1, every_ms), every_ms, () => simulated.seal())
  agenda.at(plan.end, () => simulated.seal())
}
