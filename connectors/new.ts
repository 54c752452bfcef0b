/** `bun run connector:new NAME`: makes the skeleton of a connector that compiles, with its tests, its rig and its fuzz target. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const SKELETON = 'test/connectors/skeleton'
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const NAME_CHARS_MAX = 32
const REGISTRY = 'connectors/registry.ts'
const FUZZ = 'test/fuzz/connectors/index.ts'

/** Where each file of the skeleton goes. */
const placesOf = (root: string, name: string): [from: string, to: string][] => [
  ...readdirSync(join(root, SKELETON, 'connector'), { recursive: true, withFileTypes: true }).flatMap((entry) => {
    const from = join(entry.parentPath, entry.name).slice(root.length + 1)
    return entry.isFile()
      ? ([[from, from.replace(`${SKELETON}/connector`, `connectors/${name}`)]] as [string, string][])
      : []
  }),
  [`${SKELETON}/rig.ts`, `test/connectors/${name}.ts`],
  [`${SKELETON}/kit.ts`, `test/connectors/${name}.test.ts`],
  [`${SKELETON}/fuzz.ts`, `test/fuzz/connectors/${name}.ts`],
]

const identifierOf = (name: string): string => name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())

/** Words that no constant may be called. */
function isWord(identifier: string): boolean {
  try {
    new Bun.Transpiler({ loader: 'ts' }).transformSync(`export const ${identifier} = 0`)
    return false
  } catch {
    return true
  }
}

function refuseBadName(name: string): void {
  if (name === '') throw new Error('a connector needs a name: bun run connector:new NAME')
  if (!NAME.test(name) || name.length > NAME_CHARS_MAX)
    throw new Error(
      `"${name}" can't be the name of a connector: take at most ${NAME_CHARS_MAX} of a to z, 0 to 9 and single dashes, a letter first`,
    )
  if (isWord(identifierOf(name))) throw new Error(`"${name}" is a word of the language: choose another name`)
}

function written(text: string, name: string): string {
  const title = name.replaceAll('-', ' ').replace(/^./, (letter) => letter.toUpperCase())
  return text
    .replaceAll(`../${SKELETON}/connector/fixtures`, `${name}/fixtures`)
    .replaceAll("'./connector/fixtures/'", `'../../connectors/${name}/fixtures/'`)
    .replaceAll("'./connector/", `'#connectors/${name}/`)
    .replaceAll("'./rig.ts'", `'./${name}.ts'`)
    .replaceAll('const example:', `const ${identifierOf(name)}:`)
    .replaceAll(/\bexample\b/g, name)
    .replaceAll(/\bExample\b/g, title)
}

/** Puts `entry` last into the object that begins with `opening`. */
function withEntry(text: string, opening: string, entry: string): string {
  const from = text.indexOf(opening) + opening.length
  const to = text.indexOf('}', from)
  if (from < opening.length || to < 0) throw new Error(`"${opening}" was not found`)
  const entries = text.slice(from, to).trim().replace(/,$/, '')
  return `${text.slice(0, from)}\n  ${entries},\n  ${entry},\n${text.slice(to)}`
}

/** After the last import of the file. */
function withImport(text: string, line: string): string {
  const last = [...text.matchAll(/^(import|\}) .*from '.*'$/gm)].at(-1)
  if (!last) throw new Error('no import was found')
  const end = last.index + last[0].length
  return `${text.slice(0, end)}\n${line}${text.slice(end)}`
}

/** With the lines without which nobody finds it. */
function registered(root: string, name: string): File[] {
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  const identifier = identifierOf(name)
  const key = identifier === name ? name : `'${name}'`
  const fuzzed = withImport(read(FUZZ), `import { ${identifier} } from './${name}.ts'`)
  const load = `${key}: () => import('./${name}/index.ts')`
  return [
    { path: REGISTRY, text: withEntry(read(REGISTRY), 'CONNECTORS: Readonly<Record<string, Load>> = {', load) },
    {
      path: FUZZ,
      text: withEntry(fuzzed, 'Record<string, ConnectorFuzz>> = {', key === name ? name : `${key}: ${identifier}`),
    },
  ]
}

interface File {
  path: string
  text: string
}

/** Makes it under `root`; the answer names each file that was written. Nothing is written where something is in the way. */
export function makeConnector(root: string, name: string): string[] {
  refuseBadName(name)
  const places = placesOf(root, name)
  const taken = [`connectors/${name}`, ...places.map(([, to]) => to)].find((path) => existsSync(join(root, path)))
  if (taken !== undefined) throw new Error(`the name "${name}" is taken: there is ${taken}`)
  const made = places.map(([from, to]) => ({ path: to, text: written(readFileSync(join(root, from), 'utf8'), name) }))
  const files = [...made, ...registered(root, name)]
  for (const { path, text } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return files.map(({ path }) => path)
}

/** In the project's own form: a line that holds a longer name may have to be broken. */
async function formatted(root: string, paths: string[]): Promise<void> {
  const code = await Bun.spawn([process.execPath, 'fmt', '--no-script', ...paths], { cwd: root, stdout: 'ignore' })
    .exited
  if (code !== 0) throw new Error(`the files were made, but bun fmt ended with ${code}`)
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  try {
    const [name = ''] = process.argv.slice(2)
    const paths = makeConnector(root, name)
    await formatted(root, paths)
    console.log(`${paths.map((path) => `  ${path}`).join('\n')}\n\nGo on with connectors/GUIDE.md.`)
  } catch (error) {
    console.error(`connector:new: ${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}
