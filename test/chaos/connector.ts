/** The connector of a trial: it sees the machines of a fleet, and testifies what it said before it says it. */
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { canonical, type Connector, type Manifest, sha256 } from '#connectors/contract.ts'
import { factsAt } from './fleet.ts'
import { testify } from './witness.ts'

const Settings = z.strictObject({
  seed: z.int(),
  host: z.string(),
  /** file of its testimony */
  witness: z.string(),
  /** while this file exists it sees nothing and says nothing */
  hush: z.string(),
})

export const manifest: Manifest = {
  name: 'chaos',
  version: '1',
  title: 'Chaos',
  description: 'Machines that are a function of a seed and of time',
  realm: 'any name',
  kinds: ['vm'],
  metrics: ['network_transmit_bytes', 'disk_read_bytes', 'cpu_time_ns', 'memory_rss_bytes'],
  supports: 'trials of this project',
  permissions: 'none',
  default_interval_ms: 1_000,
  settings: z.toJSONSchema(Settings) as Manifest['settings'],
  secrets: [],
  commands: [],
}

export const connector: Connector = {
  manifest,
  async open(settings, { now }) {
    const { witness, hush, ...fleet } = Settings.parse(settings)
    let previous_ms: number | null = null
    return {
      async collect() {
        if (existsSync(hush)) return []
        const at_ms = now()
        const facts = factsAt(fleet, at_ms, previous_ms)
        testify(witness, { at_ms, previous_ms, facts: sha256(canonical(facts)) })
        previous_ms = at_ms
        return facts
      },
      async close() {},
    }
  },
}
