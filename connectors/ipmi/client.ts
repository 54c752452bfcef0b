/** Speaks to one BMC through `ipmitool`: one process a question, its password in the environment alone. */
import { type ChildProcess, spawn } from 'node:child_process'
import { ConnectorError } from '#connectors/contract.ts'

const LIMITS = { outputBytes: 4 * 1024 * 1024, errorBytes: 64 * 1024, deadline_ms: 60_000 } as const

export interface Access {
  user: string
  password: string
  /** of RMCP+: 3 is what all know, 17 what the newest ask for */
  cipher_suite: number
  privilege: string
}
export interface Target {
  name: string
  host: string
  port: number
}

/** Output of a command, and whether ipmitool calls it a success: much of what it prints is good all the same. */
export interface Output {
  ok: boolean
  text: string
  complaint: string
}

export class Client {
  readonly name: string
  readonly #target: Target
  readonly #access: Access

  constructor(target: Target, access: Access) {
    this.name = target.name
    this.#target = target
    this.#access = access
  }

  /** Throws where no session came about. */
  async ask(command: readonly string[], signal: AbortSignal): Promise<Output> {
    const { host, port } = this.#target
    const { user, cipher_suite, privilege } = this.#access
    const session = [
      '-I',
      'lanplus',
      '-C',
      String(cipher_suite),
      '-H',
      host,
      '-p',
      String(port),
      '-U',
      user,
      '-L',
      privilege,
      '-E',
    ]
    const output = await this.#run([...session, '-N', '2', '-R', '3', ...command], signal)
    if (!NO_SESSION.test(output.complaint)) return output
    // only -v says why, and it prints other forms
    const { complaint, text } = await this.#run([...session, '-N', '1', '-R', '1', '-v', 'chassis', 'status'], signal)
    throw this.#failure(`${output.complaint}\n${complaint}\n${text}`)
  }

  #run(args: string[], signal: AbortSignal): Promise<Output> {
    return new Promise((resolve, reject) => {
      const child = spawn('ipmitool', args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
        // instants in UTC, words in English
        env: { ...process.env, IPMI_PASSWORD: '', IPMITOOL_PASSWORD: this.#access.password, LC_ALL: 'C', TZ: 'UTC' },
      })
      const fail = (error: Error) => {
        done()
        kill(child)
        reject(error)
      }
      const stdout = gather(child, 'stdout', LIMITS.outputBytes, () => fail(this.#tooMuch()))
      const stderr = gather(child, 'stderr', LIMITS.errorBytes, () => undefined)
      const aborted = () => fail(this.#tooSlow())
      const timer = setTimeout(aborted, LIMITS.deadline_ms)
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', aborted)
      }
      signal.addEventListener('abort', aborted, { once: true })
      if (signal.aborted) aborted()
      child.on('error', (error: NodeJS.ErrnoException) => fail(error.code === 'ENOENT' ? missingTool() : error))
      child.on('close', (code) => {
        done()
        resolve({ ok: code === 0, text: stdout(), complaint: stderr() })
      })
    })
  }

  #failure(said: string): ConnectorError {
    for (const [pattern, why, remedy] of REFUSALS)
      if (pattern.test(said)) return new ConnectorError('refused', `${this.name}: ${why}`, remedy)
    const why = /Address lookup/i.test(said) ? 'its name is not known' : 'no answer to IPMI over LAN (UDP)'
    return new ConnectorError(
      'unreachable',
      `${this.name}: ${why}`,
      'See that the address is right, that IPMI over LAN is switched on in the BMC, and that the management network lets UDP through to port 623.',
    )
  }
  #tooSlow = () =>
    new ConnectorError(
      'timeout',
      `${this.name}: ipmitool had no answer within ${LIMITS.deadline_ms / 1_000} s`,
      'Give the source a longer interval; many BMCs need a restart (not of the machine) after months.',
    )
  #tooMuch = () =>
    new ConnectorError(
      'limit',
      `${this.name}: ipmitool printed more than ${LIMITS.outputBytes} bytes`,
      'Report this as a fault.',
    )
}

const NO_SESSION = /Unable to establish|Address lookup for .* failed|Could not open socket/i
const PASSWORD = 'Correct user and password of the source; an account may also be locked, or not be let in over LAN.'
const REFUSALS: readonly [RegExp, string, string][] = [
  [/HMAC is invalid|invalid integrity check|password/i, 'the BMC doesn’t take this password', PASSWORD],
  [/unauthorized name|invalid user|username/i, 'the BMC doesn’t know this user', PASSWORD],
  [
    /invalid authentication algorithm|no matching cipher suite|cipher suite/i,
    'the BMC doesn’t take this cipher suite',
    'Choose another cipher suite in the settings: 3 for old BMCs, 17 for new ones.',
  ],
  [
    /unauthorized role|insufficient privilege|privilege level/i,
    'the user may not have this privilege over LAN',
    'Give the user the privilege of the settings (User is enough) on the LAN channel of the BMC.',
  ],
]

const missingTool = () =>
  new ConnectorError(
    'missing_tool',
    'ipmitool was not found on the machine of the agent',
    'Install it where the agent runs: apt-get install ipmitool (Debian, Ubuntu), dnf install ipmitool (Fedora, RHEL).',
  )

/** Its own session: one group to kill. */
function kill(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    child.kill('SIGKILL')
  }
}

function gather(child: ChildProcess, name: 'stdout' | 'stderr', limit: number, full: () => void): () => string {
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
