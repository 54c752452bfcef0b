/** Runs a private nats-server on loopback, with one user for the control plane and one for agents. */
import { mkdirSync, statfsSync } from 'node:fs'
import { connect as dial } from 'node:net'
import { join } from 'node:path'
import { connect } from '@nats-io/transport-node'
import { freePort } from './port.ts'
import { endsWithUs, type Program } from './process.ts'
import { newPassword, readRecord, writePrivate, writeRecord } from './secrets.ts'

export interface Nats {
  program: Program
  port: number
  /** may do everything */
  controlPlaneUrl: string
  /** may report, and receive configuration and commands */
  agentUrl: string
  ready(): Promise<boolean>
}

interface Settings {
  port: number
  controlPlanePassword: string
  agentPassword: string
}

/** Subjects are those of connectors/contract.ts. The server's own refusal is the second fence behind signed reports. */
const configuration = (folder: string, s: Settings): string => `\
server_name: atalaya
host: "127.0.0.1"
port: ${s.port}
max_payload: 1MB
jetstream { store_dir: ${JSON.stringify(join(folder, 'jetstream'))}, max_memory_store: 64MB, max_file_store: 4GB }
authorization {
  users: [
    { user: "control-plane", password: "${s.controlPlanePassword}" }
    { user: "agent", password: "${s.agentPassword}", permissions: {
      publish: { allow: ["v1.report.*"] }
      subscribe: { allow: ["v1.config.*", "v1.command.*", "v1.inbox.>"] }
      allow_responses: { max: 1, expires: "1m" }
    } }
  ]
}
`

async function settingsOf(file: string, wantedPort?: number): Promise<Settings> {
  const kept = readRecord(file)
  const settings: Settings = {
    port: await freePort(wantedPort ?? (Number(kept?.port) || undefined)),
    controlPlanePassword: String(kept?.controlPlanePassword ?? newPassword()),
    agentPassword: String(kept?.agentPassword ?? newPassword()),
  }
  writeRecord(file, { ...settings })
  return settings
}

/** True when a server says INFO on the port. */
const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = dial({ port, host: '127.0.0.1' })
    const done = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(1_000, () => done(false))
    socket.once('error', () => done(false))
    socket.once('data', (data) => done(data.toString().startsWith('INFO ')))
  })

/** less than this free: a new start of the server would help nothing */
const ROOM_BYTES = 4 * 1024 * 1024
const JETSTREAM_MS = 2_000

/** False where the server keeps streams no more though the disk has room: nats-server 2.9 doesn't try again after it was full. */
async function keepsStreams(folder: string, { port, controlPlanePassword: pass }: Settings): Promise<boolean> {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < ROOM_BYTES) return true
  try {
    const asUs = { user: 'control-plane', pass, timeout: JETSTREAM_MS, reconnect: false }
    const connection = await connect({ servers: `127.0.0.1:${port}`, ...asUs })
    try {
      await connection.request('$JS.API.STREAM.LIST', '', { timeout: JETSTREAM_MS })
      return true
    } finally {
      await connection.close()
    }
  } catch {
    return false
  }
}

/** `folder` holds the stream store, the configuration and the passwords; ports and passwords stay the same across starts. */
export async function prepareNats(folder: string, server: string, wantedPort?: number): Promise<Nats> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const settings = await settingsOf(join(folder, 'nats.json'), wantedPort)
  const { port, controlPlanePassword, agentPassword } = settings
  const file = join(folder, 'nats.conf')
  writePrivate(file, configuration(folder, settings))
  return {
    port,
    controlPlaneUrl: `nats://control-plane:${controlPlanePassword}@127.0.0.1:${port}`,
    agentUrl: `nats://agent:${agentPassword}@127.0.0.1:${port}`,
    program: {
      title: 'NATS',
      name: 'nats',
      command: () => endsWithUs([server, '-c', file]),
      env: { PATH: process.env.PATH },
      healthy: () => keepsStreams(folder, settings),
      stop_ms: 1_500,
    },
    ready: () => answers(port),
  }
}
