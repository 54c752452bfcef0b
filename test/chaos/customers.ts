/** Who asks for invoices while everything breaks: both accounts at once, one of them twice. */
import { setTimeout as sleep } from 'node:timers/promises'
import { knownTo } from './arrival.ts'
import type { Dice } from './dice.ts'
import type { Site } from './site.ts'

/** Answers that a customer understands: made, refused in words, or not just now. */
const UNDERSTOOD = new Set([201, 400, 409, 422, 503])

export class Customers {
  readonly #site: Site
  issued = 0
  readonly surprises: string[] = []

  constructor(site: Site) {
    this.#site = site
  }

  async pester(dice: Dice, stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      await sleep(dice.between(1_500, 3_000))
      await this.ask()
    }
  }

  /** Only as far as everything is known: what comes later then changes nothing of the period. */
  async ask(): Promise<void> {
    const to = await knownTo(this.#site).catch(() => null)
    if (to === null) return
    const accounts = this.#site.agents.map(({ account_id }) => account_id)
    await Promise.all([...accounts, accounts[0]].map((account_id) => this.#finalise(account_id, to)))
  }

  async #finalise(account_id: string | undefined, to: number): Promise<void> {
    try {
      const asked = { account_id, to: new Date(to).toISOString() }
      const { status, body } = await this.#site.call('POST', '/invoices', asked)
      if (status === 201) this.issued += 1
      if (!UNDERSTOOD.has(status)) this.surprises.push(`POST /invoices: HTTP ${status} ${JSON.stringify(body)}`)
    } catch {
      // killed before it answered, or not there: the invoice may have been issued, and shows in the list then
      return
    }
  }
}
