/** What the control plane may ask of a running agent. What does the work is loaded when it is first asked for. */
import type { AgentConfig, CheckCommand, LookReply } from '#connectors/contract.ts'
import { type Shape, json, readAs, record, text, uuid, whole } from '#connectors/shape.ts'
import type { Log } from './log.ts'
import { parseJson } from './reply.ts'
import type { Outside } from './source.ts'
import { VERSION } from './version.ts'

/** A message on the command subject; `answer` is null where nobody waits for one. */
export interface Asked {
  data: Uint8Array
  answer: ((text: string) => void) | null
}
interface Parts {
  load: Outside['load']
  log: Log
  /** a message that wants no answer: so the agent is told of updates */
  told(data: Uint8Array): void
  /** what waits to be acknowledged */
  pending(): { batches: number; bytes: number }
  /** what the source last said; undefined where this agent doesn't read it */
  last(source: string): LookReply | undefined
}

const CHECKS_MAX = 2
const COMMANDS = ['check', 'look'] as const

type Fields = Readonly<Record<string, unknown>>
const settings: Shape<AgentConfig['sources'][number]['settings']> = record(json)

/** Fields that a later control plane may add are left out. */
const checkShape: Shape<CheckCommand> = (value) => {
  const given = record<unknown>((one) => one)(value) as Fields
  return {
    command: 'check',
    connector: text(1, 64)(given['connector'], 'connector'),
    realm: text(1, 256)(given['realm'], 'realm'),
    interval_ms: whole(1_000, 86_400_000)(given['interval_ms'], 'interval_ms'),
    settings: settings(given['settings'], 'settings'),
    timeout_ms: whole(1, 60_000)(given['timeout_ms'], 'timeout_ms'),
  }
}

const NOTHING: LookReply = { seen_at_ms: null, facts: {}, payload: '[]', left_out: 0 }

export class Commands {
  readonly #parts: Parts
  #checks = 0

  constructor(parts: Parts) {
    this.#parts = parts
  }

  take({ data, answer }: Asked): void {
    const asked = (parseJson(data) ?? {}) as { command?: unknown; source?: unknown }
    if (answer === null) return this.#parts.told(data)
    const reply = (value: unknown) => answer(JSON.stringify(value))
    if (asked.command === 'abilities') reply({ commands: COMMANDS, version: VERSION, pending: this.#parts.pending() })
    else if (asked.command === 'look') reply(this.#parts.last(readAs(uuid, asked.source) ?? '') ?? NOTHING)
    else if (asked.command === 'check') void this.#check(asked, reply)
  }

  async #check(asked: unknown, reply: (value: unknown) => void): Promise<void> {
    const { load, log } = this.#parts
    const command = readAs(checkShape, asked)
    if (!command) return log.warn({}, 'a check that can’t be read was left out')
    const { checked, refused } = await import('./check.ts')
    if (this.#checks >= CHECKS_MAX) return reply(refused(`this agent runs ${CHECKS_MAX} checks already`))
    this.#checks += 1
    try {
      const found = await checked(command, load)
      log.info({ connector: command.connector, error: found.error?.code }, 'settings were checked')
      reply(found)
    } finally {
      this.#checks -= 1
    }
  }
}
