/** All rules of the tree over its files: `findings` is empty when it is tidy. Pure. */
import { createHash } from 'node:crypto'
import { type File, type Finding, importFindings, purePaths } from './imports.ts'
import { codeOf } from './source.ts'
import {
  EXCEPTIONS,
  FLOATS,
  FOLDERS,
  FORBIDDEN_FILES,
  HTTP_PLACES,
  IMPURE,
  MAX_LINES,
  MIGRATION,
  MIGRATION_NAME,
  MONEY_FILES,
  PLACES,
  README_LINES,
  SQL_PLACES,
} from './tables.ts'

const isCode = (path: string): boolean => /\.tsx?$/.test(path)
const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path) || path.startsWith('test/')
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function matches(rule: Finding['rule'], { path, text }: File, patterns: typeof FLOATS): Finding[] {
  const lines = codeOf(text).split('\n')
  return lines.flatMap((line, index) =>
    patterns
      .filter(({ pattern }) => pattern.test(line))
      .map(({ name }) => ({ rule, path, says: `line ${index + 1} uses ${name}: ${text.split('\n')[index]?.trim()}` })),
  )
}

/** SQL is a `sql` template, or a call on drizzle's or postgres' own modules; HTTP is Hono. */
function placeFindings(file: File): Finding[] {
  const { path, text } = file
  if (!path.startsWith('control-plane/')) return []
  const code = codeOf(text)
  const found: Finding[] = []
  const imports = (name: RegExp) =>
    text.split('\n').some((line) => /^\s*(import|export)\b(?!\s+type\b)/.test(line) && name.test(line))
  if (
    !SQL_PLACES.test(path) &&
    (/\bsql\s*`|\bsql\s*<[^`]*>\s*`/.test(code) || imports(/from '(drizzle-orm|postgres)(\/[^']*)?'/))
  ) {
    found.push({ rule: 'sql', path, says: 'holds SQL, which belongs in a store.ts' })
  }
  if (!HTTP_PLACES.test(path) && imports(/from '(hono|hono-openapi)(\/[^']*)?'/)) {
    found.push({ rule: 'http', path, says: 'holds HTTP, which belongs in a routes.ts' })
  }
  return found
}

/** The first words of a file: a comment that begins like a sentence and ends like one. */
export function opening(text: string): string | null {
  const body = text.replace(/^#!.*\n/, '')
  const block = /^\/\*\*?([\s\S]*?)\*\//.exec(body)
  const lines = /^((?:\/\/|#) .*\n)+/.exec(body)
  const words = (block?.[1]?.replaceAll(/\n\s*\*/g, ' ') ?? lines?.[0].replaceAll(/^(\/\/|#) /gm, ''))
    ?.replaceAll(/\s+/g, ' ')
    .trim()
  return words && /^\S.*[.:?!](\s|$)/.test(words) && words.includes(' ') ? words : null
}

function shapeFindings({ path, text }: File): Finding[] {
  const found: Finding[] = []
  const lines = text.split('\n').length - 1
  if (isCode(path) && lines > MAX_LINES)
    found.push({ rule: 'length', path, says: `has ${lines} lines, more than ${MAX_LINES}` })
  if (
    (isCode(path) || path.endsWith('.sh')) &&
    !/\.test\.tsx?$/.test(path) &&
    !path.endsWith('.d.ts') &&
    !opening(text)
  ) {
    found.push({ rule: 'sentence', path, says: 'does not open with a comment that says in a sentence what it is for' })
  }
  if (FORBIDDEN_FILES.test(path))
    found.push({ rule: 'lockfile', path, says: "is another package manager's lockfile; ours is bun.lock" })
  for (const place of PLACES)
    if (text.includes(place)) found.push({ rule: 'place', path, says: `names a place outside the project: ${place}` })
  return found
}

function readmeFindings(files: File[]): Finding[] {
  return FOLDERS.flatMap((folder): Finding[] => {
    const path = `${folder}/README.md`
    const readme = files.find((file) => file.path === path)
    if (!readme) return [{ rule: 'readme', path, says: `is missing: what ${folder} owns, what not, how to add to it` }]
    const lines = readme.text.split('\n').length - 1
    return lines > README_LINES
      ? [{ rule: 'readme', path, says: `has ${lines} lines: one screen is ${README_LINES}` }]
      : []
  })
}

/** `recorded` is a file in the form of sha256sum: each landed migration and its digest. */
function migrationFindings(files: File[], recorded: string): Finding[] {
  const landed = new Map(
    recorded
      .split('\n')
      .filter(Boolean)
      .map((line) => [line.slice(66), line.slice(0, 64)]),
  )
  const found: Finding[] = []
  const seen = new Set<string>()
  for (const { path, text } of files) {
    const name = MIGRATION.exec(path)?.[1]
    if (!name) continue
    seen.add(path)
    const digest = landed.get(path)
    if (!MIGRATION_NAME.test(name)) found.push({ rule: 'migration', path, says: 'is not named 0007_a_sentence.sql' })
    if (digest === undefined)
      found.push({ rule: 'migration', path, says: 'is not recorded: run `bun test/tidy/record.ts`' })
    else if (digest !== sha256(text))
      found.push({ rule: 'migration', path, says: 'was edited after it landed: write a new one' })
  }
  for (const path of landed.keys())
    if (!seen.has(path)) found.push({ rule: 'migration', path, says: 'landed and was removed' })
  return found
}

/** Lines for the record, for migrations that it doesn't have yet; those that it has are never changed. */
export const newRecords = (files: File[], recorded: string): string =>
  files
    .filter(({ path }) => MIGRATION.test(path) && !recorded.includes(`  ${path}\n`))
    .map(({ path, text }) => `${sha256(text)}  ${path}\n`)
    .join('')

function fileFindings(file: File, pure: ReadonlySet<string>): Finding[] {
  const { path } = file
  const found = shapeFindings(file)
  if (!isCode(path)) return found
  found.push(...importFindings(file, pure))
  if (isTest(path)) return found
  // base holds the clock and the makers of ids, and hands them in
  if (pure.has(path) && !path.startsWith('control-plane/base/')) found.push(...matches('pure', file, IMPURE))
  if (MONEY_FILES.test(path)) found.push(...matches('money', file, FLOATS))
  found.push(...placeFindings(file))
  return found
}

const isExcepted = (finding: Finding, exception: (typeof EXCEPTIONS)[number]): boolean =>
  finding.rule === exception.rule && finding.path === exception.path && finding.says.includes(exception.of)

/** What breaks a rule, and exceptions that excuse nothing any more. */
export function findings(files: File[], recorded: string, exceptions = EXCEPTIONS): Finding[] {
  const pure = purePaths(files)
  const all = [
    ...files.flatMap((file) => fileFindings(file, pure)),
    ...readmeFindings(files),
    ...migrationFindings(files, recorded),
  ]
  const stale = exceptions.filter((exception) => !all.some((finding) => isExcepted(finding, exception)))
  return [
    ...all.filter((finding) => !exceptions.some((exception) => isExcepted(finding, exception))),
    ...stale.map(({ rule, path, of }) => ({
      rule,
      path,
      says: `needs its exception for "${of}" no longer: delete it`,
    })),
  ]
}
