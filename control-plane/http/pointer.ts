/** What a schema found wrong, as JSON Pointers (RFC 6901) into what was sent. Pure. */
import type { FieldError } from '../base/problem.ts'

export interface Issue {
  path?: ReadonlyArray<PropertyKey | { key: PropertyKey }> | undefined
  message: string
  /** names that the schema doesn't know, where that is what is wrong */
  keys?: unknown
}

const step = (name: PropertyKey): string => `/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`

const pointerOf = (path: Issue['path'] = []): string =>
  path.map((part) => step(typeof part === 'object' ? part.key : part)).join('')

/** `base` is where the checked value lies in the request. */
export const fieldErrors = (issues: readonly Issue[], base = ''): FieldError[] =>
  issues.flatMap(({ path, message, keys }) => {
    const pointer = base + pointerOf(path)
    if (!Array.isArray(keys)) return [{ pointer: pointer || '/', detail: message }]
    return keys.map((key) => ({ pointer: pointer + step(String(key)), detail: 'is not known here; is it misspelt?' }))
  })
