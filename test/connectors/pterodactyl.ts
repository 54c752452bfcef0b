/** The rig of Pterodactyl: a panel of its own that takes and refuses what the vendor's does. */
import { connector } from '#connectors/pterodactyl/index.ts'
import { PanelDouble } from './panel/panel.ts'
import { furnish, server, user } from './panel/world.ts'
import type { Rig, Trouble } from './rig.ts'
import { TRUSTED } from './certificates.ts'

/** so many that what the kit adds stands on both sides of where two pages meet */
const PASSERS_BY = 201
const LONE = 'the application API counts nothing'

export class PterodactylRig implements Rig {
  readonly connector = connector
  readonly realm = 'panel.test'
  readonly kind = 'game_server' as const
  readonly counter = null
  readonly cannot = { use: LONE, reset: LONE, hidden_reset: LONE }
  readonly panel = new PanelDouble()
  #last = PASSERS_BY

  constructor() {
    furnish(this.panel, PASSERS_BY)
  }
  get #servers() {
    return this.panel.lists['servers']!
  }
  settings = () => ({ url: this.panel.url, key: this.panel.key, ca: TRUSTED.ca })
  requests = () => this.panel.requests

  async add(name: string): Promise<string> {
    const id = (this.#last += 1)
    this.#servers.set(id, server(id, name))
    return `${id}`
  }
  async label(external_id: string, customer: string): Promise<void> {
    const id = this.panel.lists['users']!.size + 1
    this.panel.lists['users']!.set(id, user(id, customer))
    Object.assign(this.#servers.get(Number(external_id))!, { user: id })
  }
  async remove(external_id: string): Promise<void> {
    this.#servers.delete(Number(external_id))
  }
  /** A database that forgets its counter when it restarts gives the last number again. */
  async reuse(external_id: string): Promise<void> {
    this.#servers.set(Number(external_id), server(Number(external_id), 'another one'))
  }
  async use(): Promise<void> {
    throw new Error(LONE)
  }
  reset = this.use

  async trouble(kind: Trouble): Promise<void> {
    const { panel } = this
    panel.trouble = kind
    if (kind === 'untrusted_tls') await panel.show('strange')
    if (kind === 'missing_right') panel.rights.delete('users')
    if (kind === 'changes_between_pages') panel.between = () => this.#change()
  }
  /** The first of all is deleted, which moves all others, and one is made. */
  #change(): void {
    const first = [...this.#servers.values()].find(({ name }) => `${name as string}`.startsWith('passer-by'))
    if (first) this.#servers.delete(first.id)
    const id = (this.#last += 1)
    this.#servers.set(id, server(id, `passer-by-${id}`))
  }
  async calm(): Promise<void> {
    const was = this.panel.trouble
    this.panel.trouble = null
    this.panel.between = () => {}
    this.panel.rights.add('users')
    this.panel.release()
    if (was === 'untrusted_tls') await this.panel.show('trusted')
  }
  end = () => this.panel.end()
}
