/** What befalls a trial, by a seeded plan: kills of every part, cuts of every wire. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Death } from './arrival.ts'
import type { Dice } from './dice.ts'
import { spooledTicks } from './leftover.ts'
import type { Part } from './part.ts'
import { type Cut, CUTS } from './proxy.ts'
import type { AgentSite, Site } from './site.ts'

export interface Storm {
  duration_ms: number
  /** of each part */
  kills: number
}

/** An agent that is away for more than three intervals leaves a gap. */
const GAP_MS = { least: 3_300, most: 4_200 }

export class Faults {
  readonly #site: Site
  readonly #dice: (name: string) => Dice
  readonly deaths: Death[] = []
  readonly cuts: Partial<Record<Cut, number>> = {}
  last_kill_ms = 0

  constructor(site: Site, dice: (name: string) => Dice) {
    this.#site = site
    this.#dice = dice
  }

  /** All at once; returns when every part was started again after its last kill. */
  async storm(storm: Storm): Promise<void> {
    const { agents, planes, bus, ground } = this.#site
    const parts: [string, Part][] = [
      ['nats', bus],
      ['postgres', ground.database],
      ...planes.map(({ part }, index): [string, Part] => [`plane-${index}`, part]),
    ]
    let over = false
    const cutting = this.#cutUntil(() => over)
    await Promise.all([
      ...parts.map(([name, part]) => this.#torment(storm, name, (down_ms) => this.#killed(part, down_ms))),
      ...agents.map((agent, index) =>
        this.#torment(storm, agent.fleet.host, (down_ms, turn) =>
          this.#killedAgent(
            agent,
            index === 0 && turn === 1 ? this.#dice('gap').between(GAP_MS.least, GAP_MS.most) : down_ms,
          ),
        ),
      ),
    ])
    over = true
    await cutting
  }

  /** One kill at a random moment of each part of the time. */
  async #torment({ duration_ms, kills }: Storm, name: string, kill: (down_ms: number, turn: number) => Promise<void>) {
    const [dice, window_ms, began] = [this.#dice(name), Math.floor(duration_ms / kills), performance.now()]
    for (let turn = 0; turn < kills; turn += 1) {
      const at = began + turn * window_ms + dice.between(0, window_ms)
      await sleep(Math.max(0, at - performance.now()))
      await kill(dice.between(20, 700), turn)
    }
  }

  async #killed(part: Part, down_ms: number): Promise<void> {
    this.last_kill_ms = Math.max(this.last_kill_ms, await part.kill())
    await sleep(down_ms)
    await part.start()
    await part.untilReady()
  }

  async #killedAgent(agent: AgentSite, down_ms: number): Promise<void> {
    const at_ms = await agent.part.kill()
    this.last_kill_ms = Math.max(this.last_kill_ms, at_ms)
    this.deaths.push({ agent, at_ms, spooled: await spooledTicks(agent.state) })
    await sleep(down_ms)
    await agent.part.start()
  }

  async #cutUntil(over: () => boolean): Promise<void> {
    const dice = this.#dice('cuts')
    while (!over()) {
      await sleep(dice.between(200, 1_200))
      const kind = dice.of(CUTS)
      this.cuts[kind] = (this.cuts[kind] ?? 0) + 1
      await dice.of(this.#site.proxies).cut(kind, dice.between(300, 1_800))
    }
  }
}
