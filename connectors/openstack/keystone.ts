/** Keystone v3: a token for a project, renewed before it expires, and where its catalogue says that the services are. */
import { z } from 'zod'
import { request, type Trust } from '#connectors/http.ts'
import { ConnectorError } from '#connectors/wire.ts'
import { badAnswer, refusal } from './failures.ts'

export type Credential =
  | { by: 'application_credential'; id: string; secret: string }
  | {
      by: 'password'
      username: string
      user_domain: string
      password: string
      project: { id: string } | { name: string; domain: string }
    }
export interface Cloud {
  /** with `/v3`, without a slash at the end */
  auth_url: string
  credential: Credential
  /** null: the only one that the catalogue has */
  region: string | null
  interface: 'public' | 'internal' | 'admin'
  trust: Trust
}
export interface Project {
  id: string
  name: string
  domain: string | null
}

const LIMITS = { timeout_ms: 15_000, bytes: 8 * 1024 * 1024, patience_ms: 5_000 } as const
/** A token is renewed so long before it ends: a listing may take a while. */
const AHEAD_MS = 5 * 60_000
const LIFE_LEAST_MS = 30_000

const text = z.string().max(1_000)
const Token = z.object({
  token: z.object({
    expires_at: z.iso.datetime({ offset: true }),
    issued_at: z.iso.datetime({ offset: true }).optional(),
    project: z.object({ id: text.min(1), name: text, domain: z.object({ name: text }).optional() }).optional(),
    catalog: z
      .array(
        z.object({
          type: text,
          endpoints: z
            .array(z.object({ interface: text, region: text.nullish(), region_id: text.nullish(), url: text }))
            .max(1_000),
        }),
      )
      .max(1_000)
      .default([]),
  }),
})
export type Catalogue = z.infer<typeof Token>['token']['catalog']

/** What Keystone says of a token, without the token. Pure. */
export function readToken(answer: unknown): { project: Project; catalogue: Catalogue; life_ms: number } {
  const read = Token.safeParse(answer)
  if (!read.success)
    throw badAnswer('Keystone', `a token that is not as documented at ${read.error.issues[0]?.path.join('.') ?? ''}`)
  const { project, catalog, expires_at, issued_at } = read.data.token
  if (!project)
    throw new ConnectorError(
      'refused',
      'the credential is of no project: Keystone gives no services for it',
      'Name the project in the settings, or make the application credential within a project.',
    )
  const { id, name, domain } = project
  return {
    project: { id, name, domain: domain?.name ?? null },
    catalogue: catalog,
    // by Keystone's own clock, for ours may be another
    life_ms: issued_at === undefined ? LIFE_LEAST_MS : Date.parse(expires_at) - Date.parse(issued_at),
  }
}

type Endpoint = Catalogue[number]['endpoints'][number]
const regionOf = ({ region_id, region }: Endpoint): string => region_id ?? region ?? ''

/** The addresses of a service under the first of its types that has one in the region, else under the first that there is. */
function endpointsOf(catalogue: Catalogue, types: readonly string[], region: string | null): Endpoint[] {
  const found = types
    .map((type) => catalogue.filter((one) => one.type === type).flatMap((one) => one.endpoints))
    .filter((some) => some.length > 0)
  return found.find((some) => region === null || some.some((one) => regionOf(one) === region)) ?? found[0] ?? []
}

/** Whether the region has a service at all: others may have it alone. Pure. */
export const isServed = (catalogue: Catalogue, types: readonly string[], region: string | null): boolean =>
  endpointsOf(catalogue, types, region).some((one) => region === null || regionOf(one) === region)

/** The address of a service; null where the cloud has none of these types. Pure. */
export function endpointIn(
  catalogue: Catalogue,
  types: readonly string[],
  { region, interface: face }: Pick<Cloud, 'region' | 'interface'>,
): string | null {
  const endpoints = endpointsOf(catalogue, types, region)
  if (endpoints.length === 0) return null
  const found = endpoints.filter((one) => one.interface === face && (region === null || regionOf(one) === region))
  const regions = [...new Set(endpoints.map(regionOf))]
  const has = `it has ${[...new Set(endpoints.map((one) => `${one.interface} in ${regionOf(one)}`))].join(', ') || 'none'}`
  const [first] = found
  if (!first)
    throw new ConnectorError(
      'bad_settings',
      `the catalogue names no ${face} address of ${types[0]}${region === null ? '' : ` in the region ${region}`}; ${has}`,
      'Correct region and interface in the settings.',
    )
  if (region === null && new Set(found.map(regionOf)).size > 1)
    throw new ConnectorError(
      'bad_settings',
      `the cloud has several regions: ${regions.join(', ')}`,
      'Name one of them in the settings; each region is a source of its own.',
    )
  if (!/^https?:$/.test(URL.parse(first.url)?.protocol ?? ''))
    throw badAnswer('Keystone', `the address of ${types[0]} is no URL`)
  return first.url.replace(/\/+$/, '')
}

export function bodyOf(credential: Credential): unknown {
  if (credential.by === 'application_credential') {
    const { id, secret } = credential
    return { auth: { identity: { methods: ['application_credential'], application_credential: { id, secret } } } }
  }
  const { username: name, user_domain, password, project } = credential
  const user = { name, domain: { name: user_domain }, password }
  const scope = 'id' in project ? project : { name: project.name, domain: { name: project.domain } }
  return { auth: { identity: { methods: ['password'], password: { user } }, scope: { project: scope } } }
}

export interface Login {
  token: string
  project: Project
  catalogue: Catalogue
}

export class Keystone {
  readonly #cloud: Cloud
  #login: Login | null = null
  /** by `performance.now()` */
  #until = 0

  constructor(cloud: Cloud) {
    this.#cloud = cloud
  }

  async login(signal: AbortSignal): Promise<Login> {
    if (this.#login && performance.now() < this.#until) return this.#login
    const asked_at = performance.now()
    const answer = await request(`${this.#cloud.auth_url}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(bodyOf(this.#cloud.credential)),
      trust: this.#cloud.trust,
      timeout_ms: LIMITS.timeout_ms,
      bytes_max: LIMITS.bytes,
      patience_ms: LIMITS.patience_ms,
      signal,
    })
    if (answer.status !== 201 && answer.status !== 200) throw refusal('Keystone', this.#cloud.auth_url, answer)
    const token = answer.headers.get('x-subject-token')
    if (!token) throw badAnswer('Keystone', 'an answer without X-Subject-Token')
    let said: unknown
    try {
      said = JSON.parse(answer.text)
    } catch {
      throw badAnswer('Keystone', 'an answer that is not JSON')
    }
    const { project, catalogue, life_ms } = readToken(said)
    this.#until = asked_at + Math.max(life_ms - AHEAD_MS, LIFE_LEAST_MS)
    return (this.#login = { token, project, catalogue })
  }

  /** A service didn't take the token: it was revoked, or its keys were changed. */
  forget(token: string): void {
    if (this.#login?.token === token) this.#login = null
  }
}
