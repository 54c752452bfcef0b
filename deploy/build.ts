/** Builds what is built from our sources, only when they changed since the last build: the web page, the agent's single file. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Refusal } from './settings.ts'

interface Build {
  title: string
  /** files and folders of the project that it is made from */
  from: string[]
  /** what is made; the stamp lies beside it */
  to: string
  stamp: string
  command: string[]
}

const PAGE: Build = {
  title: 'The web page',
  from: ['ui', 'vite.config.ts', 'bun.lock'],
  to: 'dist/ui/index.html',
  stamp: 'dist/ui/.sources',
  command: ['bunx', '--bun', 'vite', 'build', '--logLevel', 'warn'],
}

const agentFile = `dist/atalaya-agent-${process.platform}-${process.arch}`
const AGENT: Build = {
  title: "The agent's single file",
  from: ['agent', 'connectors', 'bun.lock'],
  to: agentFile,
  stamp: `${agentFile}.sources`,
  command: [
    'bun',
    'build',
    '--compile',
    '--minify',
    '--bytecode',
    '--format=esm',
    'agent/main.ts',
    '--outfile',
    agentFile,
  ],
}

function filesUnder(path: string): string[] {
  if (!existsSync(path)) return []
  if (statSync(path).isFile()) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted()
}

function sourcesHash(root: string, from: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of from.flatMap((part) => filesUnder(join(root, part)))) {
    hash.update(file.slice(root.length)).update('\0')
    hash.update(readFileSync(file)).update('\0')
  }
  return hash.digest('hex')
}

/** True when it was built now, false when the last build still holds. Throws a Refusal with the end of what the build said. */
async function buildIfChanged(root: string, build: Build, starting: () => void): Promise<boolean> {
  const stamp = join(root, build.stamp)
  const hash = sourcesHash(root, build.from)
  if (existsSync(join(root, build.to)) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return false
  starting()
  mkdirSync(join(root, 'dist'), { recursive: true })
  const run = Bun.spawn(build.command, { cwd: root, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const said = Promise.all([new Response(run.stdout).text(), new Response(run.stderr).text(), run.exited])
  const [stdout, stderr, code] = await said
  if (code !== 0) {
    const end = `${stdout}${stderr}`.trimEnd().split('\n').slice(-20)
    throw new Refusal(`${build.title} could not be built (${build.command.join(' ')})`, end)
  }
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, hash)
  return true
}

const quietly = () => {}
export const buildUi = (root: string, starting = quietly) => buildIfChanged(root, PAGE, starting)
/** What servers download to become agents. */
export const buildAgent = (root: string, starting = quietly) => buildIfChanged(root, AGENT, starting)

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  await buildUi(root)
  await buildAgent(root)
}
