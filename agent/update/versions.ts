/**
 * Versions of the agent on the disk, and the switch from one to another. `current` and `previous` are links; without `current` the
 * installed program runs. Each step is a single new name, and after each `current` can be started: a kill between two changes nothing.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { VERSION_PATTERN } from '#connectors/release.ts'
import { readJsonIfWhole, writeWhole } from '../files.ts'

const PROGRAM = 'atalaya-agent'
/** what a link of ours points to */
const targetOf = (version: string): string => `${version}/${PROGRAM}`
const versionIn = (target: string): string => target.split('/')[0] ?? ''

/** What the launcher says of a version that it went back from. */
export interface Failed {
  version: string
  why: string
}

export class Versions {
  readonly #root: string

  constructor(state: string) {
    this.#root = join(state, 'versions')
  }

  #path = (name: string): string => join(this.#root, name)

  /** Where a download grows: by its hash, so that another release never goes on with it. */
  partial(sha256: string): string {
    mkdirSync(this.#root, { recursive: true, mode: 0o700 })
    return this.#path(`${sha256}.part`)
  }
  program = (version: string): string => join(this.#root, targetOf(version))
  has = (version: string): boolean => existsSync(this.program(version))

  /** From the download to a folder of its own, whole or not at all. */
  keep(version: string, partial: string): void {
    const making = this.#path(`${version}.new`)
    rmSync(making, { recursive: true, force: true })
    mkdirSync(making, { mode: 0o700 })
    chmodSync(partial, 0o755)
    renameSync(partial, join(making, PROGRAM))
    sync(making)
    rmSync(this.#path(version), { recursive: true, force: true })
    renameSync(making, this.#path(version))
    sync(this.#root)
  }
  forget(version: string): void {
    rmSync(this.#path(version), { recursive: true, force: true })
  }

  get current(): string | null {
    return this.#linked('current')
  }
  get previous(): string | null {
    return this.#linked('previous')
  }
  #linked(name: string): string | null {
    try {
      return versionIn(readlinkSync(this.#path(name)))
    } catch {
      return null
    }
  }

  /** From the next start on this version runs, on trial: the launcher counts. */
  tryNext(version: string): void {
    const before = this.current
    rmSync(this.#path('failed'), { force: true })
    if (before === null) rmSync(this.#path('previous'), { force: true })
    else this.#link('previous', before)
    writeWhole(this.#path('trial'), `${targetOf(version)} 0\n`)
    this.#link('current', version)
    sync(this.#root)
  }

  /** True while what runs has still to prove itself. */
  get isOnTrial(): boolean {
    return this.#words('trial')?.version === this.current
  }
  /** How often the launcher has started it. */
  get trialStarts(): number {
    return Number(this.#words('trial')?.why) || 1
  }
  proved(): void {
    for (const name of ['trial', 'failed']) rmSync(this.#path(name), { force: true })
    sync(this.#root)
    this.#clear()
  }

  /** As the launcher does: the version before, from this very disk; the installed one where there was none. */
  goBack(): void {
    if (this.previous === null) rmSync(this.#path('current'), { force: true })
    else renameSync(this.#path('previous'), this.#path('current'))
    rmSync(this.#path('trial'), { force: true })
    sync(this.#root)
  }

  get failed(): Failed | null {
    return this.#words('failed')
  }
  clearFailed(): void {
    rmSync(this.#path('failed'), { force: true })
  }

  #words(name: string): Failed | null {
    try {
      const [target = '', why = ''] = readFileSync(this.#path(name), 'utf8').trim().split(' ')
      return { version: versionIn(target), why }
    } catch {
      return null
    }
  }

  #link(name: string, version: string): void {
    const making = this.#path(`${name}.tmp`)
    rmSync(making, { force: true })
    symlinkSync(targetOf(version), making)
    renameSync(making, this.#path(name))
  }

  /** What neither runs nor may be gone back to. */
  #clear(): void {
    const kept = new Set([this.current, this.previous])
    for (const name of readdirSync(this.#root)) {
      const isOld = VERSION_PATTERN.test(name) && !kept.has(name)
      if (isOld || /\.(part|new|tmp)$/.test(name)) rmSync(this.#path(name), { recursive: true, force: true })
    }
  }

  readMemory = (): unknown => readJsonIfWhole(this.#path('memory.json'))
  writeMemory(memory: unknown): void {
    mkdirSync(this.#root, { recursive: true, mode: 0o700 })
    writeWhole(this.#path('memory.json'), JSON.stringify(memory))
  }
}

/** A new name is on the disk once its folder is. */
function sync(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
