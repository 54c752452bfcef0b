/** Lets only one `up` run on a data folder, and ends what a killed one left over. */
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { endProcess, processIdentity, type Signal } from './process.ts'
import { Refusal } from './settings.ts'
import { writePrivate } from './secrets.ts'

interface Running {
  pid: number
  identity: string
  signal: Signal
}

interface Content {
  up: Omit<Running, 'signal'>
  children: Running[]
}

export interface Lock {
  /** so that a later start can end it should we be killed */
  remember(pid: number, signal: Signal): void
  release(): void
}

const read = (file: string): Content | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Content
  } catch {
    return null
  }
}

async function takeOver(file: string, remedy: string[]): Promise<void> {
  const record = read(file)
  if (record && processIdentity(record.up.pid) === record.up.identity) {
    throw new Refusal(`Atalaya is running already on this data folder (pid ${record.up.pid})`, remedy)
  }
  // in the order in which they are stopped: the last started first
  for (const child of record?.children.toReversed() ?? []) {
    if (processIdentity(child.pid) === child.identity) await endProcess(child.pid, child.signal, 8_000)
  }
  rmSync(file, { force: true })
}

/** The link either is made or exists: two starts at the same moment can't both have it. */
export async function lock(file: string, remedy: string[]): Promise<Lock> {
  if (existsSync(file)) await takeOver(file, remedy)
  const record: Content = { up: { pid: process.pid, identity: processIdentity(process.pid) ?? '' }, children: [] }
  const own = `${file}.${process.pid}`
  writeFileSync(own, JSON.stringify(record), { mode: 0o600 })
  try {
    linkSync(own, file)
  } catch {
    throw new Refusal('Atalaya is being started on this data folder by another process', remedy)
  } finally {
    rmSync(own, { force: true })
  }
  return {
    remember(pid, signal) {
      record.children = record.children.filter((child) => processIdentity(child.pid) === child.identity)
      record.children.push({ pid, identity: processIdentity(pid) ?? '', signal })
      writePrivate(file, JSON.stringify(record))
    },
    release: () => rmSync(file, { force: true }),
  }
}
