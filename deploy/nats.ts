/** Runs a nats-server that trusts what the control plane signs; by itself it writes the configuration of one that runs elsewhere. */
import { existsSync, mkdirSync, renameSync, statfsSync } from 'node:fs'
import { connect as dial } from 'node:net'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { connect, type NodeConnectionOptions } from '@nats-io/transport-node'
import { Authority, newTrust, type Trust, trustIn } from '#control-plane/bus/index.ts'
import { freePort } from './port.ts'
import { endsWithUs, type Program } from './process.ts'
import type { NatsListen } from './settings.ts'
import { readRecord, writePrivate, writeRecord } from './secrets.ts'

export interface Nats {
  program: Program
  folder: string
  port: number
  /** the same for the control plane and for agents: neither has a password */
  url: string
  authority: Authority
  /** what the control plane is told; with the server's log it hears of refused subjects, too */
  environment(log?: string): Record<string, string>
  /** how a program of ours connects */
  login(name: string): Promise<NodeConnectionOptions>
  ready(): Promise<boolean>
}

const KEYS = 'nats.json'

/** Subjects and limits stand in the JWTs: control-plane/bus/claims.ts. */
const configuration = (
  trust: Trust,
  ids: Authority,
  place: { folder: string; port: number; listen?: NatsListen | undefined },
) => `\
server_name: atalaya
host: ${JSON.stringify(place.listen?.host ?? '127.0.0.1')}
port: ${place.port}
max_payload: 1MB
${place.listen ? `tls { cert_file: ${JSON.stringify(place.listen.cert)}, key_file: ${JSON.stringify(place.listen.key)} }` : ''}
jetstream { store_dir: ${JSON.stringify(join(place.folder, 'jetstream'))}, max_memory_store: 64MB, max_file_store: 4GB }
operator: ${trust.operator_jwt}
system_account: ${ids.systemId}
resolver { type: full, dir: ${JSON.stringify(join(place.folder, 'accounts'))}, allow_delete: false, interval: "2m", limit: 16 }
# only where the folder of accounts is empty: what was revoked since is in there
resolver_preload { ${ids.systemId}: ${trust.system_jwt}, ${ids.accountId}: ${trust.account_jwt} }
`

/** Keys and port, made once; an installation from the time of passwords gets keys at its next start. */
async function trustOf(file: string, wantedPort?: number): Promise<{ trust: Trust; port: number }> {
  const kept = readRecord(file)
  const port = await freePort(wantedPort ?? (Number(kept?.port) || undefined))
  const trust = trustIn(kept) ?? (await newTrust())
  writeRecord(file, { port, ...trust })
  return { trust, port }
}

/** The stream of a server that knew no accounts goes to ours. */
function adoptStream(folder: string, account: string): void {
  const [before, ours] = ['$G', account].map((name) => join(folder, 'jetstream', 'jetstream', name)) as [string, string]
  if (existsSync(before) && !existsSync(ours)) renameSync(before, ours)
}

/** True when a server says INFO on the port. */
const answers = (port: number, host = '127.0.0.1'): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = dial({ port, host })
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
async function keepsStreams(folder: string, login: Nats['login']): Promise<boolean> {
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < ROOM_BYTES) return true
  try {
    const connection = await connect({ ...(await login('health')), timeout: JETSTREAM_MS, reconnect: false })
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

/** `folder` holds the streams, the configuration, the accounts and all keys; port and keys stay the same across starts. */
export async function prepareNats(
  folder: string,
  server: string,
  wantedPort?: number,
  listen?: NatsListen,
): Promise<Nats> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const { trust, port } = await trustOf(join(folder, KEYS), listen?.port ?? wantedPort)
  const authority = new Authority(trust)
  adoptStream(folder, authority.accountId)
  const file = join(folder, 'nats.conf')
  writePrivate(file, configuration(trust, authority, { folder, port, listen }))
  const address = listen ? `${listen.name}:${port}` : `127.0.0.1:${port}`
  const url = `${listen ? 'tls' : 'nats'}://${address}`
  const ca = process.env.ATALAYA_NATS_CA
  const login = async (name: string) => ({
    servers: address,
    ...(listen && { tls: ca ? { caFile: ca } : {} }),
    authenticator: await authority.login(name),
  })
  return {
    folder,
    port,
    url,
    authority,
    login,
    environment: (log) => ({
      NATS_URL: url,
      ATALAYA_AGENT_NATS_URL: url,
      ATALAYA_NATS_KEYS: join(folder, KEYS),
      ...(log && { ATALAYA_NATS_LOG: log }),
    }),
    program: {
      title: 'NATS',
      name: 'nats',
      command: () => endsWithUs([server, '-c', file]),
      env: { PATH: process.env.PATH },
      healthy: () => keepsStreams(folder, login),
      stop_ms: 1_500,
    },
    // it says INFO a moment before the account of agents has its streams; a server for others is looked at by its port alone
    ready: async () =>
      (await answers(port, listen && listen.host !== '0.0.0.0' ? listen.host : undefined)) &&
      (listen !== undefined || (await keepsStreams(folder, login))),
  }
}

const USAGE = `\
Usage: bun deploy/nats.ts FOLDER [--listen HOST:PORT --cert FILE --key FILE] [--streams FOLDER]

Makes the keys of an installation in FOLDER/nats.json, once, and FOLDER/nats.conf for the nats-server that is to trust them.
Give the control plane ATALAYA_NATS_KEYS=FOLDER/nats.json. Without a certificate the server listens on loopback only.`

/** For a server that somebody else starts: in a container, or on a machine of its own. */
async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      listen: { type: 'string' },
      cert: { type: 'string' },
      key: { type: 'string' },
      streams: { type: 'string' },
    },
  })
  const [folder] = positionals
  if (!folder) throw new Error(USAGE)
  const [, host = '127.0.0.1', port = '4222'] = /^(.+):(\d{1,5})$/.exec(values.listen ?? '') ?? []
  if (host !== '127.0.0.1' && !(values.cert && values.key))
    throw new Error(`--listen ${values.listen} without --cert and --key: what leaves this machine must travel by TLS.`)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, KEYS)
  const trust = trustIn(readRecord(file)) ?? (await newTrust())
  writeRecord(file, { port: Number(port), ...trust })
  const { cert, key } = values
  const listen = cert && key ? { host, port: Number(port), cert, key, name: host } : undefined
  const place = { folder: resolve(values.streams ?? folder), port: Number(port), listen }
  writePrivate(join(folder, 'nats.conf'), configuration(trust, new Authority(trust), place))
}

if (import.meta.main)
  await main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exit(1)
  })
