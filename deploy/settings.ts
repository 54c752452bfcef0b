/** What `npm run up` was asked to do: its flags and environment variables, checked. */
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface NatsListen {
  host: string
  port: number
  /** PEM files */
  cert: string
  key: string
  /** by which agents call it */
  name: string
}

export interface Settings {
  root: string
  /** everything that must survive lies here */
  data: string
  port: number
  agent: boolean
  /** an installation of its own beside the real one, with invented customers */
  demo: boolean
  databaseUrl: string | undefined
  natsUrl: string | undefined
  agentNatsUrl: string | undefined
  /** where the nats-server that is started here listens beside loopback */
  natsListen: NatsListen | undefined
  /** the program, when NATS_URL names no server */
  natsServer: string | undefined
}

/** A wrong setting or a state of the machine that the person can mend. */
export class Refusal extends Error {
  readonly details: string[]
  constructor(message: string, details: string[] = []) {
    super(message)
    this.name = 'Refusal'
    this.details = details
  }
}

export const USAGE = `\
Usage: npm run up [-- --no-agent] [-- --demo]

  --demo       show an installation of its own with invented customers, machines and bills;
               the real one beside it stays as it is
  --no-agent   start no agent on this machine
  --help       this text

Environment:
  ATALAYA_PORT            port of the web page and API (default 8080)
  ATALAYA_DATA            folder for all data (default .atalaya)
  DATABASE_URL            a PostgreSQL 18 of yours, as the owner of the database (default: an embedded one)
  ATALAYA_NATS_LISTEN     host:port of the NATS that is started here, for agents elsewhere (default: loopback only);
                          with ATALAYA_NATS_TLS_CERT, ATALAYA_NATS_TLS_KEY (PEM files) and ATALAYA_AGENT_NATS_URL=tls://name:port
  NATS_URL                a NATS server of yours with JetStream (default: one is started here)
  ATALAYA_NATS_KEYS       the keys that it trusts (deploy/README.md); without them agents share the password of the address
  ATALAYA_AGENT_NATS_URL  the address under which agents reach it, if it is another
  ATALAYA_PUBLIC_URL      where browsers reach the page (default http://localhost:PORT)
  ATALAYA_SMTP_URL        smtp://user:password@host:587, for invitations, resets and documents (default: no mail)
  ATALAYA_MAIL_FROM       their sender`

const portOf = (text: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535)
    throw new Refusal(`The port is "${text}"`, ['It must be a port number from 1 to 65535.'])
  return port
}

/** What leaves this machine travels by TLS: without a certificate NATS listens on loopback alone. */
function natsListenOf(env: Record<string, string | undefined>): NatsListen | undefined {
  const { ATALAYA_NATS_LISTEN: listen, ATALAYA_NATS_TLS_CERT: cert, ATALAYA_NATS_TLS_KEY: key } = env
  if (!listen) return undefined
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(listen) ?? []
  const url = URL.parse(env.ATALAYA_AGENT_NATS_URL ?? '')
  if (!host || !port || !cert || !key || url?.protocol !== 'tls:' || Number(url.port) !== Number(port))
    throw new Refusal(`ATALAYA_NATS_LISTEN is "${listen}", which is not enough`, [
      'Set ATALAYA_NATS_LISTEN=0.0.0.0:4222, ATALAYA_NATS_TLS_CERT and ATALAYA_NATS_TLS_KEY (PEM files), and',
      'ATALAYA_AGENT_NATS_URL=tls://nats.example:4222, the name in the certificate, with the same port.',
    ])
  return { host, port: portOf(port), cert: resolve(cert), key: resolve(key), name: url.hostname }
}

/** Null when only the help was asked for. */
export function readSettings(args: string[], env: Record<string, string | undefined>, root: string): Settings | null {
  let flags: { help?: boolean | undefined; 'no-agent'?: boolean | undefined; demo?: boolean | undefined }
  try {
    flags = parseArgs({
      args,
      options: { help: { type: 'boolean', short: 'h' }, 'no-agent': { type: 'boolean' }, demo: { type: 'boolean' } },
    }).values
  } catch (error) {
    throw new Refusal((error as Error).message.split('. ')[0] ?? 'Unknown option', USAGE.split('\n'))
  }
  if (flags.help) return null
  const data = env.ATALAYA_DATA ? resolve(env.ATALAYA_DATA) : join(root, '.atalaya')
  const demo = flags.demo ?? false
  return {
    root,
    data: demo ? join(data, 'demo') : data,
    port: portOf(env.ATALAYA_PORT || '8080'),
    // a demo never comes near what is real: it brings its own servers, and this machine is none of its own
    agent: !demo && !flags['no-agent'],
    demo,
    databaseUrl: (!demo && env.DATABASE_URL) || undefined,
    natsUrl: (!demo && env.NATS_URL) || undefined,
    agentNatsUrl: (!demo && env.ATALAYA_AGENT_NATS_URL) || undefined,
    natsListen: demo || env.NATS_URL ? undefined : natsListenOf(env),
    natsServer: env.ATALAYA_NATS_SERVER || undefined,
  }
}
