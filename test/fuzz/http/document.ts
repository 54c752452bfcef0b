/** Every answer against the OpenAPI document: its status, its kind of content and its body, by a validator that isn't ours. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { Answered } from './verdict.ts'

interface Content {
  schema?: unknown
}
interface Operation {
  responses: Record<string, { content?: Record<string, Content> }>
}
export interface DescribedApi {
  paths: Record<string, Record<string, unknown>>
}

const PREFIX = '/api/v1/'
/** The document doesn't describe itself. */
const ITSELF = `${PREFIX}openapi.json`
const escaped = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')
const mediaOf = (type: string): string => type.split(';')[0]?.trim().toLowerCase() ?? ''
/** As the request was made: what begins with two slashes is a path, not a host. */
const pathOf = (target: string): string => new URL(`http://fuzz.example${target}`).pathname

/** The same where objects have no properties but those described: what else an answer holds is a finding, too. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inside = Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, closed(part)]))
  const isOpen = inside.type === 'object' && 'properties' in inside && !('additionalProperties' in inside)
  return isOpen ? { ...inside, additionalProperties: false } : inside
}

interface Known {
  pattern: RegExp
  path: string
  methods: ReadonlyMap<string, Operation>
}

export class Document {
  readonly #ajv = new Ajv2020({ strict: false, allErrors: false })
  readonly #known: Known[]
  readonly #problem: string

  constructor(document: DescribedApi) {
    // their types are of CommonJS, where the default lies one deeper
    ;(addFormats as unknown as (ajv: Ajv2020) => void)(this.#ajv)
    this.#ajv.addSchema(closed(document) as DescribedApi, 'api')
    const plainFirst = Object.entries(document.paths).toSorted(([x], [y]) => x.split('{').length - y.split('{').length)
    this.#known = plainFirst.map(([path, operations]) => ({
      path,
      pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
      methods: new Map(Object.entries(operations).map(([method, one]) => [method.toUpperCase(), one as Operation])),
    }))
    this.#problem = 'api#/components/schemas/Problem'
    if (!this.#ajv.getSchema(this.#problem)) throw new Error('the document describes no problem')
  }

  #find(method: string, path: string): Known | undefined {
    return this.#known.find(({ pattern, methods }) => methods.has(method) && pattern.test(path))
  }

  /** `METHOD /path/{id}`, where it is one of the document. */
  routeOf({ method, path }: { method: string; path: string }): string | null {
    const found = this.#find(method, pathOf(path))
    return found ? `${method} ${found.path}` : null
  }

  /** Null where the answer is as described. An answer to HEAD has no body to look at. */
  wrong({ method, path: target }: { method: string; path: string }, answer: Answered): string | null {
    const path = pathOf(target)
    // the page, health and metrics are no part of the API
    if (!path.startsWith(PREFIX) || path === ITSELF) return null
    const asked = method === 'HEAD' ? 'GET' : method
    const found = this.#find(asked, path)
    const operation = found?.methods.get(asked)
    if (!found || !operation)
      return answer.status < 400
        ? `${method} ${path} answers ${answer.status} and is in no document`
        : this.#refused(answer)
    const status = operation.responses[answer.status] ? String(answer.status) : 'default'
    if (status === 'default' && answer.status < 400)
      return `${found.path} answers ${answer.status}, which is not described`
    return method === 'HEAD' ? null : this.#content(answer, asked, found.path, status, operation)
  }

  #refused({ type, text }: Answered): string | null {
    if (mediaOf(type) !== 'application/problem+json') return `a refusal is ${type || 'of no kind'}`
    return this.#fits(this.#problem, text)
  }

  #content(
    { type, text }: Answered,
    method: string,
    path: string,
    status: string,
    operation: Operation,
  ): string | null {
    const { content } = operation.responses[status] ?? {}
    const where = `${method} ${path} ${status}`
    if (!content) return text === '' ? null : `${where} has a body that is not described`
    const media = mediaOf(type)
    if (!content[media])
      return `${where} is ${media || 'of no kind'}, and described as ${Object.keys(content).join(', ')}`
    if (!media.endsWith('json') || media === 'application/x-ndjson') return null
    const place = ['paths', path, method.toLowerCase(), 'responses', status, 'content', media, 'schema']
    const wrong = this.#fits(`api#/${place.map(escaped).map(encodeURIComponent).join('/')}`, text)
    return wrong && `${where}: ${wrong}`
  }

  #fits(pointer: string, text: string): string | null {
    const validate: ValidateFunction | undefined = this.#ajv.getSchema(pointer)
    if (!validate) throw new Error(`the document has nothing at ${pointer}`)
    if (validate(JSON.parse(text))) return null
    const [error] = validate.errors ?? []
    return `the answer is not as described: ${error?.instancePath} ${error?.message} ${JSON.stringify(error?.params)}; ${text.slice(0, 300)}`
  }
}
