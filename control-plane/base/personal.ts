/** What names a person, as it is stored: a text sealed under his own key that says whose it is, and what stands for it where it can't be opened. Pure. */
const SEALED =
  /^person:([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}):(enc:v1:[0-9a-f]{8}:[A-Za-z0-9+/]+={0,2})$/

/** `envelope` is made by `secrets`. */
export const personalText = (person_id: string, envelope: string): string => `person:${person_id}:${envelope}`

export interface Personal {
  person_id: string
  envelope: string
}

export function readPersonal(text: unknown): Personal | null {
  if (typeof text !== 'string' || !text.startsWith('person:')) return null
  const [, person_id, envelope] = SEALED.exec(text) ?? []
  return person_id !== undefined && envelope !== undefined ? { person_id, envelope } : null
}

/** The end of an id tells people apart; its beginning is the time at which it was made. */
const short = (person_id: string): string => person_id.slice(-8)
/** For who may not know the name. */
export const pseudonymOf = (person_id: string): string => `person ${short(person_id)}`
export const erasedName = (person_id: string): string => `erased person ${short(person_id)}`
/** The key of the installation that opens his key is missing, or somebody altered the text. */
export const unreadableName = (person_id: string): string => `unreadable person ${short(person_id)}`

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** The people whose texts a value of objects and arrays holds, however deep. */
export function peopleIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value === 'string') {
    const read = readPersonal(value)
    if (read) found.add(read.person_id)
  } else if (Array.isArray(value)) for (const one of value) peopleIn(one, found)
  else if (typeof value === 'object' && value !== null && isPlain(value))
    for (const one of Object.values(value)) peopleIn(one, found)
  return found
}

/** The same value with each such text replaced. */
export function replacePersonal<T>(value: T, by: (personal: Personal) => string): T {
  const replace = (one: unknown): unknown => {
    const read = readPersonal(one)
    if (read) return by(read)
    if (Array.isArray(one)) return one.map(replace)
    if (typeof one !== 'object' || one === null || !isPlain(one)) return one
    return Object.fromEntries(Object.entries(one).map(([name, inner]) => [name, replace(inner)]))
  }
  return replace(value) as T
}

/** How answers get their names back, once for all that an answer holds. */
export interface Names {
  open<T>(value: T): Promise<T>
  /** ids of the people who have this name or e-mail now */
  called(text: string): Promise<string[]>
}
