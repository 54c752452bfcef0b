/** Drives real libvirt hosts and their guests from tests: start, define, use disk and network, migrate, save, destroy. */
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const here = import.meta.dirname
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const PACKAGES = 'libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils iproute2'

/** Why real hosts can't be started here, and what to do; undefined if they can. */
export function whyNoLibvirt(): string | undefined {
  const missing = ['libvirtd', 'virsh', 'qemu-system-x86_64', 'qemu-img'].filter((tool) => Bun.which(tool) === null)
  if (missing.length > 0) {
    return `no ${missing.join(', ')}: as root, apt-get install -y --no-install-recommends ${PACKAGES}`
  }
  return process.getuid?.() === 0 ? undefined : 'libvirt hosts need root: run the backend tests as root'
}

/** Runs a program to its end; what it said is in the error. */
async function done(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { stdout } = await run(program, args, { env, maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

/** virsh itself, past any recording wrapper. */
const VIRSH = Bun.which('virsh') ?? 'virsh'
export const virsh = (uri: string, ...args: string[]): Promise<string> =>
  done(VIRSH, ['-q', '-c', uri, ...args], { ...process.env, LC_ALL: 'C' })

export interface Hosts {
  uris: string[]
  dir: string
  /** libvirtd of one host (1, 2, …) alone, as in a crash; its guests go on */
  kill(host: number): Promise<void>
  start(host: number): Promise<void>
  /** ends everything that was started */
  stop(): Promise<void>
}

/** Starts `count` hosts with all their files under `dir`, on the ports after `port`. */
export async function startHosts(dir: string, port: number, count = 2): Promise<Hosts> {
  const env = { ...process.env, LV_DIR: dir, LV_PORT: String(port), LV_HOSTS: String(count) }
  const script = async (...args: string[]) => void (await done(join(here, 'libvirt.sh'), args, env))
  mkdirSync(dir, { recursive: true })
  await script('start')
  return {
    uris: Array.from({ length: count }, (_, index) => `qemu+tcp://127.0.0.1:${port + 1 + index}/system`),
    dir,
    kill: (host) => script('kill', String(host)),
    start: (host) => script('start', String(host)),
    stop: () => script('stop'),
  }
}

/** Builds the guest's kernel and initrd once per machine; needs Debian's package lists and about half a minute. */
export async function buildGuestOs(dir = '/tmp/atalaya-guest'): Promise<string> {
  await done(join(here, 'guest-os.sh'), ['build', dir])
  return dir
}

export interface GuestOptions {
  memory_mib?: number
  vcpus?: number
  /** further `key=value` of guest-os.sh xml: maxvcpus=2 maxmem=192 nic=tap … */
  options?: string[]
}

/** Defines a guest with a fresh 64 MiB disk on a host; its files are in `dir`, which all hosts see. */
export async function defineGuest(
  uri: string,
  name: string,
  dir: string,
  os: string,
  options: GuestOptions = {},
): Promise<void> {
  mkdirSync(dir, { recursive: true })
  const script = join(here, 'guest-os.sh')
  await done(script, ['disk', join(dir, `${name}.qcow2`), '64M'])
  const size = [String(options.vcpus ?? 1), String(options.memory_mib ?? 128)]
  const xml = await done(script, ['xml', name, dir, ...size, ...(options.options ?? [])], {
    ...process.env,
    GUEST_DIR: os,
  })
  const file = join(dir, `${name}.xml`)
  writeFileSync(file, xml)
  await virsh(uri, 'define', file)
}

/** Waits until something is so. */
export async function until(what: string, ask: () => boolean | Promise<boolean>, limit_ms = 60_000): Promise<void> {
  for (const end = Date.now() + limit_ms; ; await sleep(100)) {
    if (await ask()) return
    if (Date.now() > end) throw new Error(`not within ${limit_ms} ms: ${what}`)
  }
}

/** How often the guest has said on its console that it is up. */
export function boots(dir: string, name: string): number {
  const file = join(dir, `${name}.console`)
  return existsSync(file) ? readFileSync(file, 'utf8').split('READY hostname=').length - 1 : 0
}

/** Starts a guest and waits until it and its agent are up. */
export async function startGuest(uri: string, name: string, dir: string): Promise<void> {
  const before = boots(dir, name)
  await virsh(uri, 'start', name)
  await until(`${name} is up`, () => boots(dir, name) > before)
  await agentUp(uri, name)
}

/** After a boot, a restore and a migration alike: the channel to the agent opens a moment after the guest runs. */
export const agentUp = (uri: string, name: string) =>
  until(`the agent in ${name} answers`, () =>
    virsh(uri, 'qemu-agent-command', name, '{"execute":"guest-ping"}').then(
      () => true,
      () => false,
    ),
  )

/** Asks the guest for a reboot and waits until it is up again. */
export async function rebootGuest(uri: string, name: string, dir: string): Promise<void> {
  const before = boots(dir, name)
  await virsh(uri, 'reboot', name, '--mode', 'acpi')
  await until(`${name} is up again`, () => boots(dir, name) > before)
  await agentUp(uri, name)
}

/** Runs a program in the guest through its agent, to its end; throws what it said if it failed. */
export async function inGuest(uri: string, name: string, program: string, ...args: string[]): Promise<string> {
  const ask = async (command: object): Promise<unknown> =>
    (JSON.parse(await virsh(uri, 'qemu-agent-command', name, JSON.stringify(command))) as { return: unknown }).return
  const start = { path: program, arg: args, 'capture-output': true }
  const { pid } = (await ask({ execute: 'guest-exec', arguments: start })) as { pid: number }
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
    const status = (await ask({ execute: 'guest-exec-status', arguments: { pid } })) as GuestStatus
    if (!status.exited) continue
    const said = [status['out-data'], status['err-data']]
      .map((data) => Buffer.from(data ?? '', 'base64').toString())
      .join('')
    if (status.exitcode === 0) return said
    throw new Error(`${program} in ${name} ended with ${status.exitcode}: ${said}`)
  }
  throw new Error(`${program} in ${name} didn't end within 60 s`)
}
interface GuestStatus {
  exited: boolean
  exitcode?: number
  'out-data'?: string
  'err-data'?: string
}

/** Reads exactly so many bytes (a multiple of 4096) from the guest's disk. */
export const readDisk = (uri: string, name: string, bytes: number): Promise<string> =>
  inGuest(uri, name, '/bin/io', 'read', String(bytes))
/** Sends so many frames of `payload + 42` bytes; nothing answers them. */
export const sendFrames = (uri: string, name: string, frames: number, payload = 958): Promise<string> =>
  inGuest(uri, name, '/bin/net-send', String(frames), String(payload))

/** Live migration between two hosts of this machine; `extra` e.g. --persistent --undefinesource. */
export async function migrate(from: string, to: string, name: string, ...extra: string[]): Promise<void> {
  // both hosts see the guest's files, which libvirt can't know: hence unsafe
  const port = 1 + Number(new URL(to).port) + 1_000
  const target = ['--migrateuri', `tcp://127.0.0.1:${port}`, '--listen-address', '127.0.0.1']
  await virsh(from, 'migrate', '--live', '--unsafe', ...extra, name, to, ...target)
}

export interface Recording {
  /** every line that virsh printed so far */
  lines(): string[]
  stop(): void
}

/** A `virsh event` of our own, beside the connector's: each notes its own instant of hearing, some ms apart. */
export async function recordEvents(uri: string): Promise<Recording> {
  const script = 'echo --str "READY\n"; event --all --loop --timestamp'
  const child = spawn(VIRSH, ['-q', '-c', uri, script], { stdio: ['ignore', 'pipe', 'ignore'] })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part))
  await until(`events of ${uri}`, () => text.startsWith('READY'))
  return { lines: () => text.split('\n').slice(1, -1), stop: () => void child.kill() }
}

/**
 * A folder to put first in PATH: its `virsh` is the real one, and writes down every line that `virsh event` prints to
 * its caller. libvirt's wire carries no instants, so only what the connector itself was told is exact.
 */
export function recordingVirsh(dir: string): { path: string; lines(uri: string): string[] } {
  const path = join(dir, 'recording-virsh')
  mkdirSync(path, { recursive: true })
  const script = `#!/bin/sh
# runs virsh, and keeps what it tells of events
uri=; last=; for a in "$@"; do [ "$last" = -c ] && uri=$a; last=$a; done
case $last in
*'event --all'*) "${VIRSH}" "$@" | tee -a "${path}/$(printf %s "$uri" | tr -c 'a-z0-9\\n' _).events" ;;
*) exec "${VIRSH}" "$@" ;;
esac
`
  writeFileSync(join(path, 'virsh'), script, { mode: 0o755 })
  const file = (uri: string) => join(path, `${uri.replaceAll(/[^a-z0-9]/g, '_')}.events`)
  return {
    path,
    lines: (uri) => (existsSync(file(uri)) ? readFileSync(file(uri), 'utf8').split('\n').slice(0, -1) : []),
  }
}
