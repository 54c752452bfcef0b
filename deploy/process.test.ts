import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Child, endProcess, lastLines, processIdentity, type Program } from './process.ts'

let folder: string
let children: Child[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atalaya-process-'))
  children = []
})
afterEach(async () => {
  for (const child of children) await child.stop()
  rmSync(folder, { recursive: true, force: true })
})

function shell(script: string, more: Partial<Program> = {}, events: string[] = []): Child {
  const program = { title: 'It', name: 'it', command: () => ['sh', '-c', script], stop_ms: 300, ...more }
  const child = new Child(program, folder, { event: (line) => events.push(line) })
  children.push(child)
  return child
}
async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 250) throw new Error('It never happened')
    await Bun.sleep(20)
  }
}

test('a child that ends before it is ready is reported with the end of its log', async () => {
  const child = shell('echo first; echo the reason >&2; exit 3')
  await child.start()
  const error = await child.whenReady(async () => false, 5_000).catch((caught: unknown) => caught)
  expect(error).toMatchObject({ message: 'It ended while it started (exit code 3)' })
  expect((error as { details: string[] }).details).toEqual(['first', 'the reason', `The whole log: ${child.logFile}`])
})

test('a child that never gets ready is given up after the time it has', async () => {
  const child = shell('sleep 30')
  await child.start()
  await expect(child.whenReady(async () => false, 100)).rejects.toThrow('It was not ready after 0.1 s')
})

test('a supervised child that is killed is named and started again', async () => {
  const events: string[] = []
  const child = shell('exec sleep 30', {}, events)
  await child.start()
  child.supervise()
  const first = child.pid ?? 0
  process.kill(first, 'SIGKILL')
  await until(() => child.pid !== first && !child.ended)
  await until(() => events.length === 2)
  expect(events).toEqual(['It stopped (killed by SIGKILL); it starts again in 1 s', 'It was started again'])
})

test('stopping kills a child that ignores the signal, and what that child had started', async () => {
  const child = shell(`trap '' TERM; sleep 31 & echo $! > ${join(folder, 'inner')}; while :; do sleep 0.05; done`)
  await child.start()
  await until(() => existsSync(join(folder, 'inner')) && readFileSync(join(folder, 'inner'), 'utf8').includes('\n'))
  const inner = Number(readFileSync(join(folder, 'inner'), 'utf8'))
  await child.stop()
  await until(() => processIdentity(inner) === null)
  expect(child.ended).toBe('killed by SIGKILL')
})

test('a stopped child is not started again', async () => {
  const events: string[] = []
  const child = shell('exec sleep 30', {}, events)
  await child.start()
  child.supervise()
  await child.stop()
  await Bun.sleep(50)
  expect(events).toEqual([])
})

test('the log of the run before is kept beside the new one', async () => {
  const child = shell('echo new')
  appendFileSync(child.logFile, 'old\n')
  await child.start()
  await until(() => child.ended !== undefined)
  expect(lastLines(child.logFile, 5)).toEqual(['new'])
  expect(lastLines(`${child.logFile}.1`, 5)).toEqual(['old'])
})

test('a process has an identity of its own while it lives, and none afterwards', async () => {
  const child = shell('exec sleep 30')
  await child.start()
  const pid = child.pid ?? 0
  expect(processIdentity(pid)).not.toBeNull()
  expect(processIdentity(pid)).not.toBe(processIdentity(process.pid))
  await endProcess(pid, 'SIGTERM', 1_000)
  expect(processIdentity(pid)).toBeNull()
})
