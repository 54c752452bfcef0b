/** JSON Schema of a connector's settings → the fields of a form, and what was typed → the settings to send. */

type Json = string | number | boolean | null | Json[] | { [name: string]: Json }
export type Schema = { [name: string]: Json }

export interface SchemaField {
  name: string
  kind: 'text' | 'area' | 'secret' | 'number' | 'whole' | 'boolean' | 'choice' | 'lines' | 'json'
  label: string
  hint: string
  required: boolean
  /** what is typed has several lines */
  isLong: boolean
  /** what such a value looks like */
  example: string
  choices: string[]
  initial: string | boolean
  min?: number
  max?: number
}
/** What a form holds: text of every field, or a tick. */
export type Typed = Record<string, string | boolean>

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

/** `exclude_mounts` → "Exclude mounts", where the schema has no title. */
const wordsOf = (name: string) => (name.charAt(0).toUpperCase() + name.slice(1)).replaceAll('_', ' ')

function kindOf(property: Schema, secret: boolean): SchemaField['kind'] {
  if (secret) return 'secret'
  if (Array.isArray(property['enum'])) return 'choice'
  const type = Array.isArray(property['type']) ? property['type'].find((one) => one !== 'null') : property['type']
  if (type === 'boolean') return 'boolean'
  if (type === 'integer') return 'whole'
  if (type === 'number') return 'number'
  if (type === 'string') return property['format'] === 'textarea' ? 'area' : 'text'
  const items = property['items']
  if (type === 'array' && isObject(items) && (items['type'] ?? 'string') === 'string') return 'lines'
  return 'json'
}

function initialOf(kind: SchemaField['kind'], value: Json | undefined): string | boolean {
  if (kind === 'boolean') return value === true
  if (value === undefined || value === null) return ''
  if (kind === 'lines') return Array.isArray(value) ? value.map(String).join('\n') : ''
  return typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value)
}

/** The first example of a text, or the first of a list. */
function exampleOf(examples: Json | undefined): string {
  const first = Array.isArray(examples) ? examples[0] : undefined
  return text(Array.isArray(first) ? first[0] : first)
}

function fieldOf(name: string, property: Schema, required: boolean, secret: boolean): SchemaField {
  const kind = kindOf(property, secret)
  return {
    name,
    kind,
    label: text(property['title']) || wordsOf(name),
    hint: text(property['description']),
    required,
    isLong: property['format'] === 'textarea',
    example: exampleOf(property['examples']),
    choices: Array.isArray(property['enum']) ? property['enum'].map(String) : [],
    initial: initialOf(kind, property['default']),
    min: numberOf(property['minimum']),
    max: numberOf(property['maximum']),
  }
}

/** What must be filled in first: a schema that was stored has lost the order in which it was written. */
export function fieldsOf(schema: Schema, secrets: readonly string[]): SchemaField[] {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const required = Array.isArray(schema['required']) ? schema['required'] : []
  return Object.entries(properties)
    .flatMap(([name, property]) =>
      isObject(property) ? [fieldOf(name, property, required.includes(name), secrets.includes(name))] : [],
    )
    .toSorted((a, b) => Number(b.required) - Number(a.required))
}

export const initialTyped = (fields: readonly SchemaField[]): Typed =>
  Object.fromEntries(fields.map((field) => [field.name, field.initial]))

/** What a form holds of settings that are stored already. */
export const typedOf = (fields: readonly SchemaField[], settings: Schema): Typed =>
  Object.fromEntries(fields.map((field) => [field.name, initialOf(field.kind, settings[field.name])]))

/** The rows of a list as they are typed, the empty ones too; there is always one. */
export const rowsOf = (typed: string | boolean | undefined): string[] => String(typed ?? '').split('\n')
/** Where a row stands in the list that is sent, in which empty ones are left out; null for an empty one. */
export function placeOf(rows: readonly string[], index: number): number | null {
  const isEmpty = (row: string | undefined) => (row ?? '').trim() === ''
  return isEmpty(rows[index]) ? null : rows.slice(0, index).filter((row) => !isEmpty(row)).length
}

/** undefined leaves the setting out: the connector's default holds. */
function valueOf(field: SchemaField, typed: string | boolean | undefined): Json | undefined {
  if (field.kind === 'boolean') return typed === true
  const content = typeof typed === 'string' ? typed : ''
  if (field.kind === 'lines') {
    const lines = content.split('\n').map((line) => line.trim())
    return lines.some(Boolean) ? lines.filter(Boolean) : undefined
  }
  if (content === '') return undefined
  if (field.kind === 'number' || field.kind === 'whole') return Number(content)
  if (field.kind === 'choice') return content
  return field.kind === 'json' ? parsed(content) : content
}

/** What isn't JSON is sent as the text it is, and the connector says what is wrong with it. */
function parsed(content: string): Json {
  try {
    return JSON.parse(content) as Json
  } catch {
    return content
  }
}

export function settingsOf(fields: readonly SchemaField[], typed: Typed): Schema {
  const settings: Schema = {}
  for (const field of fields) {
    const value = valueOf(field, typed[field.name])
    if (value !== undefined) settings[field.name] = value
  }
  return settings
}

export const isFilled = (fields: readonly SchemaField[], typed: Typed): boolean =>
  fields.every((field) => !field.required || field.kind === 'boolean' || String(typed[field.name] ?? '').trim() !== '')
