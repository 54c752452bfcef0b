/** Speaks to one libvirt host through `virsh`: many commands in one process, and a stream of events. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { ConnectorError } from '#connectors/contract.ts'
import { complaints, connectionFailure, isConnectionLost } from './failures.ts'

const LIMITS = {
  outputBytes: 64 * 1024 * 1024,
  errorBytes: 64 * 1024,
  lineBytes: 64 * 1024,
  commandBytes: 60_000,
} as const

/** One text per command, in order; empty where the command failed. `errors` can't be told apart by command. */
export interface Answer {
  sections: string[]
  errors: string[]
}
export interface CallOptions {
  deadline_ms: number
  signal?: AbortSignal | undefined
}

/** A word of a virsh command line: nothing in it is taken for an operator or an option. */
export const quote = (word: string): string => `"${word.replaceAll(/["\\]/g, '\\$&')}"`

/** Runs the commands over one read-only connection. */
export async function ask(uri: string, commands: string[], options: CallOptions): Promise<Answer> {
  const answer: Answer = { sections: [], errors: [] }
  for (const chunk of chunks(commands)) {
    const part = await askOnce(uri, chunk, options)
    answer.sections.push(...part.sections)
    answer.errors.push(...part.errors)
  }
  return answer
}

/** Linux takes at most 128 KiB in one argument. */
function chunks(commands: string[]): string[][] {
  const parts: string[][] = []
  let bytes: number = LIMITS.commandBytes
  for (const command of commands) {
    // each is preceded by its marker
    bytes += Buffer.byteLength(command) + 64
    if (bytes > LIMITS.commandBytes) {
      parts.push([])
      bytes = 0
    }
    parts.at(-1)?.push(command)
  }
  return parts
}

async function askOnce(uri: string, commands: string[], options: CallOptions): Promise<Answer> {
  // nobody can print a marker that he doesn't know, so no name or description can pass as the next answer
  const nonce = randomUUID()
  const script = commands.map((command, index) => `echo --str ${nonce}.${index}.; ${command}`).join('; ')
  const { stdout, stderr } = await run(uri, script, options)
  const [, ...sections] = stdout.split(new RegExp(`${nonce}\\.\\d+\\.`))
  if (isConnectionLost(stderr) || sections.length !== commands.length) throw connectionFailure(uri, stderr)
  return { sections, errors: complaints(stderr) }
}

/** Its own session: no terminal on which ssh could ask for a password, and one group to kill. */
function start(uri: string, script: string, keepalive: string[] = []): ChildProcess {
  return spawn('virsh', ['-r', '-q', ...keepalive, '-c', uri, script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, LC_ALL: 'C', SSH_ASKPASS_REQUIRE: 'never' },
  })
}

function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

const missingTool = () =>
  new ConnectorError(
    'missing_tool',
    'virsh was not found on the machine of the agent',
    'Install it where the agent runs: apt-get install libvirt-clients (Debian, Ubuntu), dnf install libvirt-client (Fedora, RHEL).',
  )

function run(uri: string, script: string, options: CallOptions): Promise<{ stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = start(uri, script)
    const stdout = collect(child, 'stdout', LIMITS.outputBytes, () => fail(tooMuch(uri)))
    const stderr = collect(child, 'stderr', LIMITS.errorBytes, () => undefined)
    const fail = (error: Error) => {
      done()
      kill(child)
      reject(error)
    }
    const timer = setTimeout(() => fail(tooSlow(uri, options.deadline_ms)), options.deadline_ms)
    const aborted = () => fail(tooSlow(uri, options.deadline_ms))
    const done = () => {
      clearTimeout(timer)
      options.signal?.removeEventListener('abort', aborted)
    }
    options.signal?.addEventListener('abort', aborted)
    if (options.signal?.aborted) aborted()
    child.on('error', (error: NodeJS.ErrnoException) => fail(error.code === 'ENOENT' ? missingTool() : error))
    child.on('close', () => {
      done()
      resolve({ stdout: stdout(), stderr: stderr() })
    })
  })
}

const tooMuch = (uri: string) =>
  new ConnectorError('limit', `${uri}: virsh printed more than ${LIMITS.outputBytes} bytes`, 'Report this as a fault.')
const tooSlow = (uri: string, deadline_ms: number) =>
  new ConnectorError(
    'timeout',
    `${uri}: no answer within ${deadline_ms} ms`,
    'See whether libvirtd answers: virsh -c URI list, and look at its log on the host.',
  )

/** Gathers a stream up to a bound; past it calls `full` once and keeps no more. */
function collect(child: ChildProcess, name: 'stdout' | 'stderr', limit: number, full: () => void): () => string {
  const parts: Buffer[] = []
  let bytes = 0
  child[name]?.on('data', (part: Buffer) => {
    if (bytes > limit) return
    bytes += part.length
    if (bytes > limit) full()
    else parts.push(part)
  })
  return () => Buffer.concat(parts).toString('utf8')
}

export interface EventStream {
  /** resolves when libvirt takes note of us, or when the stream ended */
  ready: Promise<void>
  close(): void
}

/** `virsh event` until it ends: `line` gets each line, `ended` once what virsh said at its end. */
export function watch(uri: string, line: (text: string) => void, ended: (error: ConnectorError) => void): EventStream {
  // a dead peer shows after 15 s
  const child = start(uri, 'echo --str "READY\n"; event --all --loop --timestamp', ['-k', '5', '-K', '3'])
  let closed = false
  const stderr = collect(child, 'stderr', LIMITS.errorBytes, () => undefined)
  let settle = (): void => undefined
  const ready = new Promise<void>((resolve) => (settle = resolve))
  const feed = lines((text) => {
    if (text === 'READY') settle()
    else if (text !== '') line(text)
  })
  child.stdout?.setEncoding('utf8').on('data', feed)
  const end = (error: ConnectorError) => {
    settle()
    if (!closed) ended(error)
    closed = true
  }
  child.on('error', () => end(missingTool()))
  child.on('close', () => end(connectionFailure(uri, stderr())))
  return { ready, close: () => ((closed = true), kill(child)) }
}

/** Cuts a stream into lines; one that is too long is dropped whole. */
function lines(each: (line: string) => void): (part: string) => void {
  let rest = ''
  return (part) => {
    const texts = (rest + part).split('\n')
    rest = texts.pop() ?? ''
    if (rest.length > LIMITS.lineBytes) rest = ''
    for (const text of texts) each(text)
  }
}
