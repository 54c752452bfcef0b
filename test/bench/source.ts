/** The load of the bench `ingest`, a process of its own: seals reports, waits for a line on stdin, sends them all. */
import { readFileSync } from 'node:fs'
import { type Fleet, INTERVAL_MS, tick } from './fleet.ts'
import { type Sealed, Sender } from './sender.ts'
import type { Identity } from '#agent/identity.ts'

/** One agent's part of a run; a file of these is the only argument. */
export interface Part {
  identity: Identity
  fleet: Fleet
  boot: number
  from: number
  reports: number
}

/** Reports of one agent that are on their way at once: its 4 MiB in flight hold some twenty. */
const IN_FLIGHT = 4

async function sendAll(sender: Sender, sealed: readonly Sealed[]): Promise<void> {
  const queue = sealed.values()
  const lane = async () => {
    for (const one of queue) await sender.send(one)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
}

const parts = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Part[]
const ready = await Promise.all(
  parts.map(async ({ identity, fleet, boot, from, reports }) => {
    const sender = await Sender.connect(identity)
    const sealed = Array.from({ length: reports }, (_, i) => sender.seal(tick(fleet, from + i * INTERVAL_MS, boot)))
    return { sender, sealed }
  }),
)
process.stdout.write('ready\n')
for await (const line of console) if (line === 'go') break
await Promise.all(ready.map(({ sender, sealed }) => sendAll(sender, sealed)))
process.stdout.write('sent\n')
await Promise.all(ready.map(({ sender }) => sender.close()))
process.exit(0)
