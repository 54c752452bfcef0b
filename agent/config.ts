/** The versioned set of this agent's sources: from the control plane, kept on disk for a start without it. */
import { join } from 'node:path'
import type { AgentConfig, SourceConfig } from '#connectors/contract.ts'
import { type Shape, json, list, record, strict, text, uuid, whole } from '#connectors/shape.ts'
import { isFullDisk, readJson, writeWhole } from './files.ts'

const sourceShape: Shape<SourceConfig> = strict({
  id: uuid,
  connector: text(1, 64),
  realm: text(1, 256),
  interval_ms: whole(1_000, 86_400_000),
  settings: record(json),
})
export const configShape: Shape<AgentConfig> = strict({ version: whole(0), sources: list(sourceShape) })

const NONE: AgentConfig = { version: 0, sources: [] }

export class Config {
  #path: string
  #current: AgentConfig

  /** A kept file that can't be read is as none: the next hello brings the set again. */
  constructor(state: string, unreadable: (error: unknown) => void) {
    this.#path = join(state, 'config.json')
    this.#current = NONE
    try {
      const kept = readJson(this.#path)
      if (kept !== undefined) this.#current = configShape(kept)
    } catch (error) {
      unreadable(error)
    }
  }

  get current(): AgentConfig {
    return this.#current
  }

  /** True when it replaced the one in force: only a higher version does, so that a late push undoes nothing. */
  take(config: AgentConfig): boolean {
    if (config.version <= this.#current.version) return false
    this.#current = config
    try {
      writeWhole(this.#path, JSON.stringify(config))
    } catch (error) {
      // In force all the same: only a start without the control plane would miss it.
      if (!isFullDisk(error)) throw error
    }
    return true
  }
}
