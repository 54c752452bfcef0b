/** What the environment and the command line say: read once, checked, named in errors. */
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { isPlain } from './bus/index.ts'
import { CREDENTIAL_LIFETIME_S_MAX } from './sources/index.ts'
import { type Proxies, proxiesOf } from './http/address.ts'
import { keyPlaces, type KeyPlaces } from './secrets/index.ts'

export const ROLES = ['all', 'ingest', 'work', 'api'] as const
export type Role = (typeof ROLES)[number]

export interface Environment {
  databaseUrl: string
  natsUrl: string
  /** where agents reach NATS, if it is another address than ours */
  agentNatsUrl: string
  /** keys that NATS trusts; without them agents share the password of `agentNatsUrl` */
  natsKeys: string | undefined
  /** who signs the certificate of NATS, where that isn't a public authority */
  natsCa: string | undefined
  /** log of the nats-server, where it runs beside us */
  natsLog: string | undefined
  /** how long the credential of an agent holds */
  credential_s: number
  /** folder of the database roles' passwords and the API key */
  data: string
  /** where the keys of the sources' secrets are */
  keys: KeyPlaces
  host: string
  port: number
  logLevel: string
  /** an installation with invented customers, which its owner may remove whole */
  demo: boolean
  people: PeopleSettings
  /** where VAT ids are checked; undefined: nowhere */
  viesUrl: string | undefined
  /** proxies whose word on a caller's address is taken */
  proxies: Proxies
}

export interface PeopleSettings {
  /** where browsers reach us: stands in mails, and passkeys are bound to its host */
  publicUrl: string
  /** null: no mail is sent */
  mail: { url: string; from: string } | null
}

type Variables = Readonly<Record<string, string | undefined>>

function required(variables: Variables, name: string, meaning: string): string {
  const value = variables[name]
  if (!value) throw new Error(`${name} is not set. It is ${meaning}; \`npm run up\` sets it.`)
  return value
}

function portOf(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw new Error(`ATALAYA_PORT is "${text}"; it must be a port number from 1 to 65535.`)
  return port
}

/** What isn't an address is refused here: anything that parses it later would repeat it, password and all. */
function addressOf(variables: Variables, name: string, meaning: string, form: string, isList = false): string {
  const value = required(variables, name, meaning)
  const parts = (isList ? value.split(',') : [value]).map((part) => part.trim())
  if (!parts.every((part) => URL.canParse(part.includes('://') ? part : `nats://${part}`)))
    throw new Error(`${name} is not an address. It looks like ${form}, with special characters percent-encoded.`)
  return value
}

/** Agents refuse to send in the clear: whoever runs the control plane is told before they are. */
function agentNatsUrlOf(variables: Variables, natsUrl: string): string {
  const url = variables.ATALAYA_AGENT_NATS_URL || natsUrl
  if (isPlain(url))
    throw new Error(
      'ATALAYA_AGENT_NATS_URL would have agents send in the clear over a network. Give NATS a certificate and write ' +
        'tls://nats.example:4222; without TLS only an address of this machine will do.',
    )
  return url
}

function lifetimeOf(text: string): number {
  const seconds = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (seconds < 2 || seconds > CREDENTIAL_LIFETIME_S_MAX)
    throw new Error(
      `ATALAYA_AGENT_CREDENTIAL_SECONDS is "${text}"; it must be from 2 to ${CREDENTIAL_LIFETIME_S_MAX} seconds.`,
    )
  return seconds
}

export function databaseOf(variables: Variables): Pick<Environment, 'databaseUrl' | 'data' | 'keys'> {
  const form = 'postgres://owner:password@host:5432/database'
  const data = resolve(variables.ATALAYA_DATA || '.atalaya')
  return {
    databaseUrl: addressOf(variables, 'DATABASE_URL', "the address of PostgreSQL, as the database's owner", form),
    data,
    keys: keyPlaces(variables, data),
  }
}

export function peopleOf(variables: Variables): PeopleSettings {
  const port = portOf(variables.ATALAYA_PORT || '8080')
  const publicUrl = variables.ATALAYA_PUBLIC_URL || `http://localhost:${port}`
  if (!/^https?:\/\/[^/?#]+\/?$/.test(publicUrl) || !URL.canParse(publicUrl))
    throw new Error(`ATALAYA_PUBLIC_URL is "${publicUrl}"; it must be an address such as https://atalaya.example.com.`)
  const [url, from] = [variables.ATALAYA_SMTP_URL, variables.ATALAYA_MAIL_FROM]
  // not repeated: it may hold a password
  if (url && (!/^smtps?:\/\//.test(url) || !URL.canParse(url)))
    throw new Error(
      'ATALAYA_SMTP_URL is not an address. It looks like smtp://user:password@host:587, or smtps:// for TLS.',
    )
  if (url && !from)
    throw new Error('ATALAYA_MAIL_FROM is not set. It is the sender of mails, such as atalaya@example.com.')
  return { publicUrl: new URL(publicUrl).origin, mail: url && from ? { url, from } : null }
}

function viesOf(url: string | undefined): string | undefined {
  if (!url) return undefined
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return url.replace(/\/+$/, '')
  throw new Error(
    `ATALAYA_VIES_URL is "${url}"; it must be an address such as https://ec.europa.eu/taxation_customs/vies/rest-api.`,
  )
}

export function readEnvironment(variables: Variables): Environment {
  const natsUrl = addressOf(variables, 'NATS_URL', 'the address of NATS', 'nats://user:password@host:4222', true)
  return {
    ...databaseOf(variables),
    natsUrl,
    agentNatsUrl: agentNatsUrlOf(variables, natsUrl),
    natsKeys: variables.ATALAYA_NATS_KEYS || undefined,
    natsCa: variables.ATALAYA_NATS_CA || undefined,
    natsLog: variables.ATALAYA_NATS_LOG || undefined,
    credential_s: lifetimeOf(variables.ATALAYA_AGENT_CREDENTIAL_SECONDS || '3600'),
    host: variables.ATALAYA_HOST || '127.0.0.1',
    port: portOf(variables.ATALAYA_PORT || '8080'),
    logLevel: variables.ATALAYA_LOG || 'info',
    demo: variables.ATALAYA_DEMO === '1',
    people: peopleOf(variables),
    viesUrl: viesOf(variables.ATALAYA_VIES_URL),
    proxies: proxiesOf(variables.ATALAYA_TRUSTED_PROXIES || ''),
  }
}

/** `--role ingest`, several times or with commas; without it, all. */
export function readRoles(args: string[]): ReadonlySet<Role> {
  const { values } = parseArgs({ args, options: { role: { type: 'string', multiple: true } } })
  const asked = (values.role ?? ['all']).flatMap((text) => text.split(','))
  const unknown = asked.find((role) => !ROLES.some((known) => known === role))
  if (unknown !== undefined) throw new Error(`--role ${unknown} is unknown; the roles are ${ROLES.join(', ')}.`)
  return new Set(asked.includes('all') ? ROLES : (asked as Role[]))
}
