/** Runs the tools that know the hardware of this machine: a short list, each with a limit on time and output. */
import { spawn } from 'node:child_process'

const LIMITS = { outputBytes: 8 * 1024 * 1024, errorBytes: 16 * 1024, deadline_ms: 30_000 } as const

/** Where each comes from, for who lacks it. */
export const TOOLS = {
  dmidecode: 'dmidecode',
  smartctl: 'smartmontools',
  sensors: 'lm-sensors',
  lshw: 'lshw',
} as const
export type Tool = keyof typeof TOOLS

export type Run =
  | { kind: 'ran'; text: string; complaint: string; status: number }
  /** not installed */
  | { kind: 'missing' }
  /** it took too long, or printed too much */
  | { kind: 'failed'; why: string }

/** Daemons have no sbin in their PATH, and these tools live there. */
const path = (): string => `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`

export function run(tool: Tool, args: readonly string[], signal: AbortSignal): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(tool, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIMITS.deadline_ms)]),
      killSignal: 'SIGKILL',
      env: { ...process.env, PATH: path(), LC_ALL: 'C' },
    })
    const parts: Buffer[] = []
    let bytes = 0
    let complaint = ''
    child.stdout.on('data', (part: Buffer) => {
      bytes += part.length
      if (bytes > LIMITS.outputBytes) child.kill('SIGKILL')
      else parts.push(part)
    })
    child.stderr.on('data', (part: Buffer) => (complaint = (complaint + part.toString()).slice(0, LIMITS.errorBytes)))
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? { kind: 'missing' } : { kind: 'failed', why: `${tool}: ${error.message}` }),
    )
    child.on('close', (status) => {
      const text = Buffer.concat(parts).toString('utf8')
      if (status === null) resolve({ kind: 'failed', why: `${tool} was ended: it took too long or printed too much` })
      else resolve({ kind: 'ran', text, complaint, status })
    })
  })
}
