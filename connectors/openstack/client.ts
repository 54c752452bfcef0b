/** Speaks to the services of one region with Keystone's token: bounded requests, lists by marker, a newer or older API as it is there. */
import { request } from '#connectors/http.ts'
import { ConnectorError } from '#connectors/wire.ts'
import { badAnswer, Refusal, refusal } from './failures.ts'
import { type Cloud, endpointIn, isServed, Keystone, type Login, type Project } from './keystone.ts'
import { hasNext, type Row, rowsIn, type Service } from './rows.ts'

const LIMITS = {
  timeout_ms: 30_000,
  bytes: 64 * 1024 * 1024,
  patience_ms: 5_000,
  /** what Nova and Cinder give at most by default */
  rows_per_page: 1_000,
  pages: 200,
  /** markers that are tried where what they named is gone */
  markers: 50,
} as const

export interface Question {
  service: Service
  path: string
  query?: Readonly<Record<string, string>>
  /** of Nova, the best that it has of these, newest first */
  versions?: readonly string[]
}

/** Types by which services stand in catalogues, the present name first. */
const TYPES = {
  Nova: ['compute'],
  Cinder: ['block-storage', 'volumev3', 'block-store'],
  Neutron: ['network'],
} as const

export class Client {
  readonly #cloud: Cloud
  readonly #keystone: Keystone
  /** the version of Nova's API that was taken last: older ones aren't asked for again and again */
  #version: string | null = null

  constructor(cloud: Cloud) {
    this.#cloud = cloud
    this.#keystone = new Keystone(cloud)
  }

  async project(signal: AbortSignal): Promise<Project> {
    return (await this.#keystone.login(signal)).project
  }

  async has(service: keyof typeof TYPES, signal: AbortSignal): Promise<boolean> {
    const { catalogue } = await this.#keystone.login(signal)
    return isServed(catalogue, TYPES[service], this.#cloud.region)
  }

  /**
   * All rows of a list, by id. A marker names the last row that was seen, so what comes and goes in between moves nothing; where
   * that very row is gone, the one before it is named. Only that there are more is taken from the links: their host may be one that
   * is known within the cloud alone. What is no row is told to `note`.
   */
  async list(
    question: Question,
    key: string,
    note: (odd: ConnectorError) => void,
    signal: AbortSignal,
  ): Promise<Row[]> {
    const rows = new Map<string, Row>()
    const order: string[] = []
    for (let page = 0; page < LIMITS.pages; page += 1) {
      const body = await this.#after(question, order, signal)
      const found = rowsIn(body, key, question.service, note)
      const before = rows.size
      // so says a Keystone that has pages of each but the last, and one that has none of a list that it cuts off
      const isCutOff = body['truncated'] === true
      for (const row of found) {
        if (!rows.has(row.id)) order.push(row.id)
        rows.set(row.id, row)
      }
      if (found.length === 0 || (!hasNext(body, key) && !isCutOff)) return [...rows.values()]
      if (rows.size === before && isCutOff) throw truncated(question.service, key)
      if (rows.size === before) throw badAnswer(question.service, `${key} go on for ever`)
    }
    throw new ConnectorError(
      'limit',
      `${question.service} has more than ${LIMITS.pages} pages of ${key}`,
      'Divide the cloud: a source for each project or region.',
    )
  }

  async #after(question: Question, order: readonly string[], signal: AbortSignal): Promise<Record<string, unknown>> {
    const base = { limit: `${LIMITS.rows_per_page}`, ...question.query }
    for (let back = 1; ; back += 1) {
      const marker = order.at(-back)
      const query = marker === undefined ? base : { ...base, marker }
      try {
        return await this.get({ ...question, query }, signal)
      } catch (error) {
        const isGone = error instanceof Refusal && (error.status === 400 || error.status === 404)
        if (marker === undefined || !isGone || back >= LIMITS.markers || back > order.length) throw error
      }
    }
  }

  /** One answer; a token that isn't taken any more is renewed once. */
  async get(question: Question, signal: AbortSignal): Promise<Record<string, unknown>> {
    const login = await this.#keystone.login(signal)
    try {
      return await this.#versioned(question, login, signal)
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 401) throw error
      this.#keystone.forget(login.token)
      return this.#versioned(question, await this.#keystone.login(signal), signal)
    }
  }

  async #versioned(question: Question, login: Login, signal: AbortSignal): Promise<Record<string, unknown>> {
    const { versions } = question
    if (!versions) return this.#ask(question, login, null, signal)
    const from = this.#version === null ? 0 : Math.max(0, versions.indexOf(this.#version))
    for (const [index, version] of versions.slice(from).entries()) {
      try {
        const body = await this.#ask(question, login, version, signal)
        this.#version = version
        return body
      } catch (error) {
        const isOlder = error instanceof Refusal && error.status === 406
        if (!isOlder || from + index === versions.length - 1) throw error
      }
    }
    throw badAnswer(question.service, 'no version of its API')
  }

  async #ask(
    { service, path, query = {} }: Question,
    login: Login,
    version: string | null,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    const base = this.#baseOf(service, login)
    const search = new URLSearchParams(query).toString()
    const answer = await request(`${base}${path}${search && `?${search}`}`, {
      headers: {
        'x-auth-token': login.token,
        accept: 'application/json',
        ...(version && {
          'openstack-api-version': `compute ${version}`,
          // what Nova listened to before 2.27
          'x-openstack-nova-api-version': version,
        }),
      },
      trust: this.#cloud.trust,
      timeout_ms: LIMITS.timeout_ms,
      bytes_max: LIMITS.bytes,
      patience_ms: LIMITS.patience_ms,
      signal,
    })
    if (answer.status !== 200) throw refusal(service, `${new URL(base).host}${path}`, answer)
    let body: unknown
    try {
      body = JSON.parse(answer.text)
    } catch {
      throw badAnswer(service, `${path}: the answer is not JSON`)
    }
    if (typeof body !== 'object' || body === null || Array.isArray(body))
      throw badAnswer(service, `${path}: the answer is no object`)
    return body as Record<string, unknown>
  }

  #baseOf(service: Question['service'], { catalogue, project }: Login): string {
    if (service === 'Keystone') return this.#cloud.auth_url
    const base = endpointIn(catalogue, TYPES[service], this.#cloud)
    if (base === null)
      throw new ConnectorError(
        'bad_settings',
        `the catalogue has no ${TYPES[service][0]} service`,
        'See that the project may use it, and which services the cloud has: openstack catalog list.',
      )
    return versioned(base, service, project.id)
  }
}

/** Catalogues may name services without a version (as they should, by the service catalogue's own guide), or with one. */
function versioned(base: string, service: Exclude<Service, 'Keystone'>, project: string): string {
  const { pathname } = new URL(base)
  if (service === 'Neutron') return pathname.endsWith('/v2.0') ? base : `${base}/v2.0`
  if (/\/v\d+(\.\d+)?(\/|$)/.test(pathname)) return base
  return service === 'Nova' ? `${base}/v2.1` : `${base}/v3/${encodeURIComponent(project)}`
}

const truncated = (service: string, key: string): ConnectorError =>
  new ConnectorError(
    'limit',
    `${service} cuts its list of ${key} off`,
    'Raise or take out `list_limit` in keystone.conf, or make a source for each project.',
  )
