/** Fleets of machines that report to an installation, tick by tick. */
import { newId } from '#control-plane/base/id.ts'
import { until } from '#agent/control-plane.fixture.ts'
import { type Fleet, INTERVAL_MS, listing, tick } from './fleet.ts'
import type { Installation } from './installation.ts'
import type { Sender } from './sender.ts'
import type { Part } from './source.ts'

const SETTLED_MS_MAX = 600_000

/** Nothing waits any more: every fact is in the timelines, and every reading in the usage of its hour. */
export async function settled({ sql }: Installation): Promise<void> {
  const isSettled = async () => {
    const [row] = await sql`select exists (select from dirty_usage) or exists (select from dirty_resource) as waits`
    return row?.waits === false
  }
  await until(isSettled, 'nothing waits to be settled', SETTLED_MS_MAX)
}

export class Fleets {
  readonly senders: Sender[] = []
  readonly #installation: Installation
  readonly #machines: number
  readonly #boot: number
  /** the next tick */
  #at: number

  /** Machines of each fleet, and the instant of the first tick. */
  constructor(installation: Installation, machines: number, from: number) {
    this.#installation = installation
    this.#machines = machines
    this.#boot = from - 3_600_000
    this.#at = from
  }

  fleet = (index: number): Fleet => ({
    source: this.senders[index]?.source ?? '',
    name: `fleet-${index}`,
    machines: this.#machines,
  })

  /** Enrols an agent for each owner (undefined: the first account); every machine is listed and has reported once, and no reading was the first of its hour. */
  async begin(owners: readonly (string | undefined)[]): Promise<void> {
    for (const [index, owner] of owners.entries()) {
      const sender = await this.#installation.addAgent(`fleet-${index}`, owner)
      this.senders.push(sender)
      await sender.send(sender.seal(listing(this.fleet(index), this.#at - 60_000, newId())))
    }
    await this.tick(2)
    await settled(this.#installation)
  }

  /** Sends the next ticks of every fleet from here. */
  async tick(reports: number, step_ms = INTERVAL_MS): Promise<void> {
    for (let n = 0; n < reports; n += 1, this.#at += step_ms)
      for (const [index, sender] of this.senders.entries())
        await sender.send(sender.seal(tick(this.fleet(index), this.#at, this.#boot)))
  }

  /** The next ticks of every fleet, for a load source to send. */
  next(reports: number): Part[] {
    const from = this.#at
    this.#at += reports * INTERVAL_MS
    return this.senders.map(({ identity }, index) => ({
      identity,
      fleet: this.fleet(index),
      boot: this.#boot,
      from,
      reports,
    }))
  }

  async end(): Promise<void> {
    await Promise.all(this.senders.map((sender) => sender.close()))
  }
}
