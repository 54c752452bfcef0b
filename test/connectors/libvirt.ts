/** A real libvirt host as the other side of its connector: real guests, real processes that count, a daemon that is really stopped. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connector } from '#connectors/libvirt/index.ts'
import { buildGuestOs, defineGuest, readDisk, startGuest, startHosts, virsh } from '../backends/libvirt.ts'
import type { Rig, Trouble } from './rig.ts'

const PORT = 19_500
/** an event is followed up within this time */
const SETTLE_MS = 1_500
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const GARBLED = ['head -c 2000', "sed 's/<domain/<dmain/'", "sed 's/uuid>/uid>/g'", 'tail -n +20']

/** A virsh before the real one in PATH that garbles answers, but for the stream of events, while `how` exists. */
function garbler(dir: string) {
  const folder = join(dir, 'virsh')
  const how = join(folder, 'how')
  const real = Bun.which('virsh') ?? 'virsh'
  mkdirSync(folder)
  const script = `#!/bin/sh
# garbles what virsh answers while ${how} says how
for last in "$@"; do :; done
case $last in *'event --all'*) exec "${real}" "$@" ;; esac
[ -e "${how}" ] || exec "${real}" "$@"
"${real}" "$@" | sh -c "$(cat "${how}")"
`
  writeFileSync(join(folder, 'virsh'), script, { mode: 0o755 })
  return { folder, begin: (command: string) => writeFileSync(how, command), end: () => rmSync(how, { force: true }) }
}

export async function startRig(): Promise<Rig> {
  const dir = mkdtempSync(join(tmpdir(), 'atalaya-libvirt-kit-'))
  const [os, hosts] = await Promise.all([buildGuestOs(), startHosts(dir, PORT, 1)])
  const [uri = ''] = hosts.uris
  const guests = join(dir, 'guests')
  const names = new Map<string, string>()
  const path = process.env['PATH'] ?? ''
  const garbling = garbler(dir)
  process.env['PATH'] = `${garbling.folder}:${path}`
  let made = 0
  let trouble: { end(): void | Promise<void> } | null = null
  const nameOf = (id: string) => names.get(id) ?? id
  const isRunning = async (id: string) => (await virsh(uri, 'domstate', nameOf(id))).trim() === 'running'
  const daemon = (signal: 'SIGSTOP' | 'SIGCONT') =>
    process.kill(Number(readFileSync(join(dir, 'host1/run/libvirtd.pid'), 'utf8')), signal)

  async function add(stem: string): Promise<string> {
    const name = `${stem.replaceAll(' ', '-')}-${(made += 1)}`
    await defineGuest(uri, name, guests, os)
    const id = (await virsh(uri, 'domuuid', name)).trim()
    names.set(id, name)
    return id
  }

  async function remove(id: string): Promise<void> {
    if (await isRunning(id)) await virsh(uri, 'destroy', nameOf(id))
    await virsh(uri, 'undefine', nameOf(id))
    await sleep(SETTLE_MS)
  }

  /** Defines and undefines a guest again and again; the answer ends it. */
  function comeAndGo() {
    const ended = new AbortController()
    const done = (async () => {
      while (!ended.signal.aborted) {
        const file = join(guests, 'passer-by.xml')
        if (!existsSync(file)) await defineGuest(uri, 'passer-by', guests, os)
        else await virsh(uri, 'define', file)
        await virsh(uri, 'undefine', 'passer-by')
      }
    })()
    return {
      end() {
        ended.abort()
        return done
      },
    }
  }

  const TROUBLE: Partial<Record<Trouble, (times: number) => { end(): void | Promise<void> }>> = {
    changes_between_pages: comeAndGo,
    hangs() {
      daemon('SIGSTOP')
      return { end: () => void daemon('SIGCONT') }
    },
    garbled(times) {
      garbling.begin(GARBLED[times % GARBLED.length] ?? 'cat')
      return { end: garbling.end }
    },
  }
  let times = 0

  const OPEN = 'the hosts of the tests ask for no credential'
  return {
    connector,
    realm: 'kit',
    kind: 'vm',
    counter: 'disk_read_bytes/vda',
    most: 2n ** 23n,
    settings: () => ({ uris: [uri] }),
    add,
    begin: (id) => startGuest(uri, nameOf(id), guests).then(() => sleep(SETTLE_MS)),
    async label(id, customer) {
      await virsh(uri, 'desc', nameOf(id), '--config', '--title', customer)
      await sleep(SETTLE_MS)
    },
    remove,
    reuse: () => Promise.reject(new Error('a UUID is not given to another')),
    async use(id, amount) {
      await readDisk(uri, nameOf(id), Number(amount))
    },
    async reset(id) {
      await virsh(uri, 'destroy', nameOf(id))
      await startGuest(uri, nameOf(id), guests)
      await sleep(SETTLE_MS)
    },
    async trouble(kind) {
      trouble = TROUBLE[kind]?.((times += 1)) ?? null
    },
    async calm() {
      await trouble?.end()
      trouble = null
    },
    cannot: {
      reuse: 'libvirt knows machines by UUID: one that is defined again under it is the same machine',
      incomplete: 'a host answers whole, or virsh fails; a guest that can’t be read has tests beside the connector',
      rate_limited: 'libvirtd refuses nobody for asking often',
      expired_credential: OPEN,
      missing_right: OPEN,
      untrusted_tls: 'TLS is virsh’s own (qemu+tls://), and the hosts of the tests listen without',
      slow: 'virsh can’t be made to answer late of what was before',
      requests: 'nobody counts what virsh asks',
      many: 'a thousand guests take minutes to define',
    },
    async end() {
      process.env['PATH'] = path
      await trouble?.end()
      await hosts.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
