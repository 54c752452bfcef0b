/** The rules about imports, as findings over the files of the tree. Pure. */
import {
  DOORS,
  FILES,
  GROUND,
  ORACLE,
  ORACLE_SOURCES,
  PRICE_MODEL,
  PUBLIC_FILES,
  PURE_BUILTINS,
  PURE_FILE,
  PURE_PACKAGES,
  ROOT_FILE,
  SLICES,
  type Rule,
} from './tables.ts'
import { codeOf, computedImports, type Import, importsOf, targetOf } from './source.ts'

export interface File {
  path: string
  text: string
}
export interface Finding {
  rule: Rule
  path: string
  says: string
}

const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path) || path.startsWith('test/')
const folderOf = (path: string): string => path.split('/')[0] ?? ''
const sliceOf = (path: string): string => path.split('/')[1] ?? ''
const nameOf = (path: string): string => path.split('/').slice(2).join('/')
const rankOf = (slice: string): number => SLICES.findIndex((row) => row.includes(slice))

/** Tests beside a file belong to its folder, but may take what `test` offers. */
function throughDoor(path: string, target: string, { type }: Import): string | null {
  const from = folderOf(path)
  const to = folderOf(target)
  // the version of the program stands in package.json alone
  if (from === to || from === 'test' || target === 'package.json') return null
  if (isTest(path) && (to === 'test' || to === 'connectors')) return null
  const doors = DOORS.filter((door) => door.from === from && door.to.test(target))
  if (doors.length === 0) return `imports ${target}: there is no door from ${from} to it`
  if (!type && doors.every((door) => door.only === 'type'))
    return `imports ${target} as a value: ${from} may take its types only`
  return null
}

function betweenSlices(path: string, target: string): string | null {
  const from = sliceOf(path)
  const to = sliceOf(target)
  if (ROOT_FILE.test(from) || from === to) return null
  if (ROOT_FILE.test(to)) return `imports ${target}, which knows every slice`
  if (rankOf(from) < 0) return `is in no slice: add "${from}" to the table where its data flows`
  if (rankOf(to) < 0) return `imports ${target}, which is in no slice of the table`
  if (rankOf(to) >= rankOf(from)) return `imports ${target}: "${to}" isn't to the left of "${from}"`
  const isPublic = GROUND.includes(to) || PUBLIC_FILES.includes(nameOf(target))
  const isForeignKey = nameOf(path) === 'schema.ts' && nameOf(target) === 'schema.ts'
  if (!isPublic && !isForeignKey && !isTest(path))
    return `imports ${target}: of another slice only ${PUBLIC_FILES.join(', ')} may be imported`
  return null
}

/** What the file's name promises, for the files of the control plane that the table names. */
function promised(path: string, specifier: string, target: string | null): string | null {
  const name = PRICE_MODEL.test(path) ? 'rules.ts' : (path.split('/').at(-1) ?? '')
  const promise = FILES[name]
  if (!promise || folderOf(path) !== 'control-plane' || GROUND.includes(sliceOf(path))) return null
  if (target === null) return promise.packages.test(specifier) ? null : `is a ${name} and imports ${specifier}`
  if (folderOf(target) !== 'control-plane') return null
  const own = sliceOf(target) === sliceOf(path)
  const ground = GROUND.includes(sliceOf(target))
  const allowed = own ? promise.own : ground ? promise.ground : promise.others
  const asked = ground ? target.slice('control-plane/'.length) : nameOf(target)
  return allowed.test(asked) ? null : `is a ${name} and imports ${target}`
}

/** `base/`, rules, maps, price models, and what these import of their own slice: they reach nothing outside the program. */
export function purePaths(files: File[]): ReadonlySet<string> {
  const texts = new Map(files.map((file) => [file.path, file.text]))
  const pure = new Set<string>()
  const add = (path: string) => {
    const text = texts.get(path)
    if (pure.has(path) || text === undefined) return
    pure.add(path)
    for (const { specifier } of importsOf(text)) {
      const target = targetOf(path, specifier)
      if (target && sliceOf(target) === sliceOf(path) && folderOf(target) === folderOf(path)) add(target)
    }
  }
  for (const { path } of files) {
    if (isTest(path)) continue
    if (path.startsWith('control-plane/base/') || PURE_FILE.test(path) || PRICE_MODEL.test(path)) add(path)
  }
  return pure
}

function purity(specifier: string, target: string | null): string | null {
  if (target !== null || [...PURE_PACKAGES, ...PURE_BUILTINS].includes(specifier)) return null
  return `decides only, and imports ${specifier}`
}

/** The world's oracle shares no error with what it checks: it takes the words of contracts and of the world, and no library. */
function independent(path: string, specifier: string, target: string | null): string | null {
  if (!ORACLE.test(path)) return null
  const allowed = target === null ? path.endsWith('.test.ts') && specifier === 'vitest' : ORACLE_SOURCES.test(target)
  return allowed ? null : `is an oracle and imports ${specifier}`
}

export function importFindings({ path, text }: File, pure: ReadonlySet<string>): Finding[] {
  const code = codeOf(text)
  const found: Finding[] = computedImports(code).map((line) => ({
    rule: 'computed-import',
    path,
    says: `line ${line} imports a computed name`,
  }))
  const add = (rule: Rule, line: number, says: string | null) => {
    if (says) found.push({ rule, path, says: `line ${line} ${says}` })
  }
  for (const one of importsOf(text, code)) {
    const target = targetOf(path, one.specifier)
    if (target !== null) {
      add('door', one.line, throughDoor(path, target, one))
      if (folderOf(path) === 'control-plane' && folderOf(target) === 'control-plane')
        add('slice', one.line, betweenSlices(path, target))
    }
    add('oracle', one.line, independent(path, one.specifier, target))
    if (isTest(path)) continue
    add('promise', one.line, promised(path, one.specifier, target))
    if (pure.has(path)) add('pure', one.line, purity(one.specifier, target))
  }
  return found
}
