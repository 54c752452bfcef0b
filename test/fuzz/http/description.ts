/** The routes as the OpenAPI document describes them, and values that fit its schemas. */
import type { Random } from '../random.ts'

export interface Schema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  format?: string
  pattern?: string
  minimum?: number
  maximum?: number
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  example?: unknown
  examples?: unknown[]
  default?: unknown
  $ref?: string
}
interface Parameter {
  in: 'path' | 'query' | 'header' | 'cookie'
  name: string
  required?: boolean
  schema?: Schema
}
interface Described {
  parameters?: Parameter[]
  requestBody?: { content?: Record<string, { schema?: Schema }> }
}
interface Document {
  paths: Record<string, Record<string, Described>>
  components?: { schemas?: Record<string, Schema> }
}
export interface Route {
  method: string
  path: string
  parameters: Parameter[]
  body: Schema | null
}

const METHODS = new Set(['get', 'post', 'put', 'patch', 'delete'])

export function routesOf(document: Document): Route[] {
  const routes = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([method]) => METHODS.has(method))
      .map(([method, { parameters = [], requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        parameters,
        body: requestBody?.content?.['application/json']?.schema ?? null,
      })),
  )
  if (routes.length < 20) throw new Error(`the OpenAPI document describes ${routes.length} routes only`)
  return routes
}

/** What fits a field whose schema says only that it is text. */
const FITTING: Readonly<Record<string, readonly string[]>> = {
  agent: ['fuzz'],
  connector: ['simulated'],
  country: ['ES', 'DE', 'US'],
  email: ['', 'a@b.example'],
  reason: ['it was so'],
  tax_id: ['', 'B12345678'],
  unit: ['vCPU', 'GiB', 'instance'],
  zone: ['Europe/Madrid', 'America/New_York'],
}

/** Values by schema; an id is one that exists, of the kind that the name asks for where one does. */
export class Values {
  readonly #document: Document
  readonly #ids: ReadonlyMap<string, readonly string[]>
  readonly #fitting: Readonly<Record<string, readonly string[]>>

  /** `fitting`: further texts by the names of their fields. */
  constructor(
    document: Document,
    ids: ReadonlyMap<string, readonly string[]>,
    fitting: Readonly<Record<string, readonly string[]>>,
  ) {
    this.#document = document
    this.#ids = ids
    this.#fitting = { ...FITTING, ...fitting }
  }

  id(random: Random, collection: string): string {
    const own = this.#ids.get(collection) ?? []
    if (own.length > 0 && random.chance(0.8)) return random.pick(own)
    const all = [...this.#ids.values()].flat()
    return all.length > 0 && random.chance(0.8) ? random.pick(all) : random.uuid()
  }

  /** For `{name}` in a path. */
  inPath(random: Random, path: string, name: string): string {
    if (/line/.test(name)) return random.chance(0.5) ? String(random.below(4)) : this.id(random, 'lines')
    return this.id(random, path.split('/')[3] ?? '')
  }

  of(random: Random, schema: Schema, name = ''): unknown {
    const known = this.#resolved(schema)
    const one = known.anyOf ?? known.oneOf
    if (one) return this.of(random, random.pick(one), name)
    if (known.const !== undefined) return known.const
    if (known.enum) return random.pick(known.enum)
    if (known.example !== undefined && random.chance(0.5)) return known.example
    return this.#plain(random, known, name)
  }

  #resolved(schema: Schema): Schema {
    const name = schema.$ref?.split('/').at(-1)
    if (name !== undefined) return this.#document.components?.schemas?.[name] ?? {}
    return schema.allOf ? Object.assign({}, ...schema.allOf.map((part) => this.#resolved(part))) : schema
  }

  #plain(random: Random, schema: Schema, name: string): unknown {
    const type = Array.isArray(schema.type) ? random.pick(schema.type) : schema.type
    switch (type) {
      case 'object':
        return Object.fromEntries(
          Object.entries(schema.properties ?? {})
            .filter(([key]) => schema.required?.includes(key) || random.chance(0.6))
            .map(([key, part]) => [key, this.of(random, part, key)]),
        )
      case 'array':
        return Array.from({ length: random.below(4) }, () => this.of(random, schema.items ?? {}))
      case 'integer':
      case 'number':
        return random.between(Math.max(schema.minimum ?? 0, -1e6), Math.min(schema.maximum ?? 100, 1e6))
      case 'boolean':
        return random.chance(0.5)
      case 'null':
        return null
      default:
        return this.#text(random, schema, name)
    }
  }

  #text(random: Random, { format, pattern = '' }: Schema, name: string): string {
    const fitting = Object.hasOwn(this.#fitting, name) ? this.#fitting[name] : undefined
    if (fitting && random.chance(0.8)) return random.pick(fitting)
    if (format === 'uuid') return this.id(random, `${name.replace(/_id$/, '')}s`)
    if (format === 'date-time')
      return random.pick([
        '2026-11-10T08:00:00Z',
        '2026-12-01T00:00:00Z',
        '2026-10-01T00:00:00.000+02:00',
        '1970-01-01T00:00:00Z',
        '9999-12-31T23:59:59Z',
      ])
    if (/A-Z/.test(pattern)) return random.pick(['EUR', 'USD', 'JPY', 'XXX'])
    if (/\\d/.test(pattern)) return random.pick(['0', '0.0125', '41.37', '999999999999999999.999999999999'])
    return random.pick(['vCPU', 'GiB', 'web', 'Europe/Madrid', 'ES', 'vcpu', 'vm', 'a', 'simulated'])
  }
}

/** Ids that the lists of the API show, by the list they stand in. */
export async function idsOf(
  routes: readonly Route[],
  get: (path: string) => Promise<string>,
): Promise<Map<string, string[]>> {
  const ids = new Map<string, string[]>()
  for (const { method, path } of routes) {
    if (method !== 'GET' || path.includes('{') || path.endsWith('/stream')) continue
    const found = (await get(path)).matchAll(/"id":"([0-9a-f-]{36})"/g)
    const collection = path.split('/').at(-1) ?? ''
    ids.set(collection, [...new Set([...found].map(([, id = '']) => id))].slice(0, 20))
  }
  const papers = [
    ...(ids.get('invoices') ?? []).map((id) => `/api/v1/invoices/${id}`),
    ...(ids.get('accounts') ?? []).map((id) => `/api/v1/accounts/${id}/draft`),
  ]
  const shown = await Promise.all(
    papers.map(async (path) => JSON.parse(await get(path)) as { lines?: { id: string }[] }),
  )
  ids.set(
    'lines',
    shown.flatMap(({ lines = [] }) => lines.map(({ id }) => id)),
  )
  return ids
}
