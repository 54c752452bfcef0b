/** The agent's side: answers and configurations of a control plane that went mad, and a spool on a disk that did. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Config } from '#agent/config.ts'
import { parseJson, readReply, Refused } from '#agent/reply.ts'
import { Spool } from '#agent/spool.ts'
import { AgentConfig, sha256 } from '#connectors/contract.ts'
import { mutatedBytes, mutatedText, mutatedTree } from './mutate.ts'
import type { Random } from './random.ts'
import { NOW } from './reports.ts'
import { smallerTexts } from './shrink.ts'
import { type AnyTarget, target } from './target.ts'
import { isConfig, isReply } from './wire.ts'

const CONFIG = {
  version: 7,
  sources: [
    { id: '01890000-0000-7000-8000-000000000001', connector: 'host', realm: 'm', interval_ms: 10_000, settings: {} },
    {
      id: '01890000-0000-7000-8000-000000000002',
      connector: 'libvirt',
      realm: 'c',
      interval_ms: 60_000,
      settings: { uris: ['qemu:///system'] },
    },
  ],
}
const REPLIES = [
  { ok: true, watermark: 3, stored_at_ms: NOW, unknown_digests: ['a'.repeat(64)], config: CONFIG },
  { ok: true, watermark: 0, stored_at_ms: NOW },
  { ok: false, code: 'revoked', message: 'This agent was revoked.', retry: false },
]

const damaged = (random: Random, value: unknown): string =>
  random.chance(0.6) ? (JSON.stringify(mutatedTree(random, value)) ?? '') : mutatedText(random, JSON.stringify(value))

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A reply is read as what it says, or refused with an error that says so. */
function wrongReply(text: string): string | null {
  const bytes = new TextEncoder().encode(text)
  const value = parseJson(bytes)
  try {
    const read = readReply(bytes)
    if (!isReply(value) || (value as { ok?: unknown }).ok !== true) return 'an invalid reply was accepted'
    return read.watermark === (value as { watermark?: unknown }).watermark ? null : 'a reply became another one'
  } catch (error) {
    if (error instanceof Refused) return isReply(value) ? null : 'an invalid reply was taken for a refusal'
    if (error instanceof Error && error.constructor === Error)
      return isReply(value) ? 'a valid reply was refused' : null
    throw error
  }
}

const replies = (): AnyTarget =>
  target<string>({
    name: 'agent reply',
    weight: 4,
    make: (random) => damaged(random, random.pick(REPLIES)),
    try: wrongReply,
    shrink: smallerTexts,
    show: (text) => text,
  })

/** A kept configuration that was damaged is as none; one that was pushed replaces it only where it is valid and newer. */
function wrongConfig(folder: string, text: string): string | null {
  writeFileSync(join(folder, 'config.json'), text)
  let told = 0
  const config = new Config(folder, () => (told += 1))
  const value = valueOf(text)
  if (isConfig(value) !== (told === 0))
    return `a kept configuration is ${told === 0 ? 'accepted, though invalid' : 'refused, though valid'}`
  if (told > 0 && config.current.version !== 0) return 'a configuration that could not be read is in force'
  const pushed = AgentConfig.safeParse(parseJson(new TextEncoder().encode(text)))
  if (pushed.success !== isConfig(value)) return 'a pushed configuration was taken wrongly'
  return null
}

function configs(root: string): AnyTarget {
  const folder = join(root, 'config')
  mkdirSync(folder)
  return target<string>({
    name: 'agent configuration',
    weight: 3,
    make: (random) => damaged(random, CONFIG),
    try: (text) => wrongConfig(folder, text),
    shrink: smallerTexts,
    show: (text) => text,
  })
}

interface Disk {
  /** lengths of the batches that were written */
  batches: number[]
  /** so many of them were acknowledged before */
  acknowledged: number
  /** which file is damaged, as a place among all */
  file: number
  /** made of the file's own bytes, so that the same chance damages them alike */
  random: Random
  seed: string
}

const OPTIONS = { bytes_max: 1 << 20, segment_bytes: 400, now: () => NOW }
const bodyOf = (number: number, length: number): Buffer => Buffer.from(`batch ${number} `.padEnd(length, '.'))

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .toSorted()

async function written(folder: string, { batches, acknowledged }: Disk): Promise<Set<string>> {
  const spool = Spool.open(folder, OPTIONS)
  for (const [number, length] of batches.entries()) spool.append(bodyOf(number, length), NOW + number)
  spool.acknowledge(acknowledged)
  await spool.close()
  return new Set(batches.map((length, number) => sha256(bodyOf(number, length))))
}

/** All that the spool gives out was written once, in its order, and each follows the one before it. */
function wrongSpool(spool: Spool, known: ReadonlySet<string>): string | null {
  let previous: string | null = null
  for (let sequence = spool.first; sequence < spool.next; sequence += 1) {
    const { id } = spool
    const read = spool.read(sequence)
    if (!read && spool.id === id) return `batch ${sequence} is counted, and can't be read`
    // it found damage and began anew: what it has now is looked at from the start
    if (!read) return wrongSpool(spool, known)
    const hash = sha256(read.body)
    if (!known.has(hash)) return 'a batch was given out that nobody wrote'
    if (previous !== null && read.previous !== previous) return `batch ${sequence} doesn't follow the one before it`
    previous = hash
  }
  return null
}

async function wrongDisk(folder: string, disk: Disk): Promise<string | null> {
  mkdirSync(folder)
  try {
    const known = await written(folder, disk)
    const files = filesBelow(folder)
    const path = files[disk.file % files.length] ?? ''
    writeFileSync(path, mutatedBytes(disk.random, readFileSync(path)))
    const spool = Spool.open(folder, OPTIONS)
    const wrong = wrongSpool(spool, known)
    const next = spool.append(Buffer.from('after the damage'), NOW)
    const after = spool.read(next)?.body.toString()
    await spool.close()
    return wrong ?? (after === 'after the damage' ? null : 'nothing can be added after the damage')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function spools(root: string): AnyTarget {
  let number = 0
  return target<Disk>({
    name: 'agent spool',
    weight: 1.5,
    make(random) {
      const batches = Array.from({ length: random.between(1, 12) }, () => random.between(10, 200))
      const disk = { batches, acknowledged: random.below(batches.length), file: random.below(64) }
      return { ...disk, random, seed: JSON.stringify(disk) }
    },
    try: (disk) => wrongDisk(join(root, `spool-${(number += 1)}`), disk),
    show: ({ seed }) => seed,
  })
}

/** `end` takes their folder away. */
export function agents(): { targets: AnyTarget[]; end(): void } {
  const root = mkdtempSync(join(tmpdir(), 'atalaya-fuzz-'))
  return {
    targets: [replies(), configs(root), spools(root)],
    end: () => rmSync(root, { recursive: true, force: true }),
  }
}
