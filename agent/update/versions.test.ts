/** The switch from one version to another, killed at each of its steps; and the launcher, with versions that are worth nothing. */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { Versions } from './versions.ts'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'atalaya-versions-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const program = (path: string, body: string): void => {
  writeFileSync(path, `#!/bin/sh\n${body}\n`)
  chmodSync(path, 0o755)
}
let state: string
let versions: Versions
/** Comes to the disk as a download does. */
function arrives(version: string, body = `echo ${version}`): void {
  const partial = versions.partial('0'.repeat(64))
  program(partial, body)
  versions.keep(version, partial)
}
const launch = (env: Record<string, string> = {}) =>
  Bun.spawnSync(['sh', join(root, 'agent/launch.sh'), state, join(folder, 'installed')], {
    env: { ...process.env, ...env },
    stderr: 'pipe',
  })
const launched = (env?: Record<string, string>): string => launch(env).stdout.toString().trim()

/** The code of the switch, in a copy that kills itself before the step of that number. */
const KILLING = join(folder, 'killing')
beforeAll(() => {
  for (const part of ['agent', 'connectors', 'package.json'])
    cpSync(join(root, part), join(KILLING, part), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(KILLING, 'node_modules'))
  const path = join(KILLING, 'agent/update/versions.ts')
  const step = `let left = Number(process.env.STEPS)\nconst step = () => { if (left-- === 0) process.kill(process.pid, 'SIGKILL') }\n`
  const steps = /(?<!function )\b(renameSync|rmSync|symlinkSync|mkdirSync|chmodSync|writeWhole|sync)\(/g
  const code = readFileSync(path, 'utf8')
  expect(code.match(steps)?.length).toBeGreaterThan(15)
  writeFileSync(path, code.replace(steps, 'step(), $1(') + step)
  writeFileSync(
    join(KILLING, 'driver.ts'),
    `import { copyFileSync } from 'node:fs'
     import { Versions } from './agent/update/versions.ts'
     const [state, verb, partial] = process.argv.slice(2)
     const versions = new Versions(state)
     if (verb === 'update') {
       const download = versions.partial('0'.repeat(64))
       copyFileSync(partial, download)
       versions.keep('2.0.0', download)
       versions.tryNext('2.0.0')
     }
     if (verb === 'prove') versions.proved()
     if (verb === 'go_back') versions.goBack()`,
  )
  program(join(folder, 'installed'), 'echo installed')
})
beforeEach(() => {
  state = mkdtempSync(join(folder, 'state-'))
  versions = new Versions(state)
})

/** True when it ended before it was killed. */
function doneIn(steps: number, verb: string): boolean {
  const partial = join(state, 'download')
  program(partial, 'echo 2.0.0')
  const command = [process.execPath, join(KILLING, 'driver.ts'), state, verb, partial]
  const { exitCode, signalCode, stderr } = Bun.spawnSync(command, { env: { ...process.env, STEPS: String(steps) } })
  if (signalCode !== 'SIGKILL') expect(exitCode, stderr.toString()).toBe(0)
  return signalCode !== 'SIGKILL'
}

const NEVER = '1000'
test.each([
  ['the first update', 'update', () => {}, ['installed', '2.0.0'], '2.0.0'],
  ['an update of an update', 'update', () => arrived('1.0.0'), ['1.0.0', '2.0.0'], '2.0.0'],
  ['the proof', 'prove', () => (arrived('1.0.0'), tried('2.0.0')), ['2.0.0'], '2.0.0'],
  ['going back', 'go_back', () => (arrived('1.0.0'), arrived('2.0.0')), ['2.0.0', '1.0.0'], '1.0.0'],
  ['going back to what was installed', 'go_back', () => arrived('2.0.0'), ['2.0.0', 'installed'], 'installed'],
])(
  '%s, killed before each of its steps, leaves something that starts; done again, it is done',
  (_what, verb, prepare, allowed, end) => {
    let kills = 0
    for (let isDone = false; !isDone; kills++) {
      rmSync(join(state, 'versions'), { recursive: true, force: true })
      prepare()
      isDone = doneIn(kills, verb)
      expect(allowed, `killed before step ${kills}`).toContain(launched())
      // of a switch back that was done, there is nothing to do again
      if (verb !== 'go_back') {
        expect(doneIn(Number(NEVER), verb)).toBe(true)
        expect(launched()).toBe(end)
      }
    }
    expect(kills).toBeGreaterThan(verb === 'update' ? 10 : 3)
    expect(launched()).toBe(end)
  },
  180_000,
)

function tried(version: string): void {
  arrives(version)
  versions.tryNext(version)
}
function arrived(version: string): void {
  tried(version)
  versions.proved()
}

test('a version that ends three times without a proof is left, for the one before it', () => {
  arrived('1.0.0')
  arrives('2.0.0', 'echo 2.0.0; exit 1')
  versions.tryNext('2.0.0')
  expect([launched(), launched(), launched(), launched(), launched()]).toEqual([
    '2.0.0',
    '2.0.0',
    '2.0.0',
    '1.0.0',
    '1.0.0',
  ])
  expect(versions.failed).toEqual({ version: '2.0.0', why: 'crashed' })
  expect(versions.isOnTrial).toBe(false)
})

test('one that proved itself in time stays, however often it is started', () => {
  arrived('1.0.0')
  tried('2.0.0')
  expect([launched(), launched()]).toEqual(['2.0.0', '2.0.0'])
  expect(versions.trialStarts).toBe(2)
  versions.proved()
  expect(Array.from({ length: 5 }, () => launched())).toEqual(Array.from({ length: 5 }, () => '2.0.0'))
  expect(versions.failed).toBeNull()
})

test('one that hangs is ended when its time is over, and the one before it starts', () => {
  arrives('2.0.0', 'echo hangs; exec sleep 60')
  versions.tryNext('2.0.0')
  const { signalCode } = launch({ ATALAYA_TRIAL_SECONDS: '2' })
  expect(signalCode).toBe('SIGKILL')
  expect(versions.failed).toEqual({ version: '2.0.0', why: 'silent' })
  expect(launched()).toBe('installed')
}, 30_000)

test('one that proves itself is not ended afterwards', async () => {
  arrives('2.0.0', 'sleep 4; echo lives')
  versions.tryNext('2.0.0')
  const child = Bun.spawn(['sh', join(root, 'agent/launch.sh'), state, join(folder, 'installed')], {
    env: { ...process.env, ATALAYA_TRIAL_SECONDS: '2' },
  })
  await Bun.sleep(500)
  versions.proved()
  expect((await new Response(child.stdout).text()).trim()).toBe('lives')
}, 30_000)

test('a file that is no program counts as one that ends, and where no start can be counted it goes back at once', () => {
  arrived('1.0.0')
  arrives('2.0.0')
  writeFileSync(versions.program('2.0.0'), Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 0]))
  versions.tryNext('2.0.0')
  for (let start = 0; start < 3; start++) expect(launch().exitCode).not.toBe(0)
  expect(launched()).toBe('1.0.0')

  tried('3.0.0')
  // nothing can be written under that name, as on a full disk
  mkdirSync(join(state, 'versions/trial.tmp'))
  expect(launched()).toBe('1.0.0')
  expect(versions.failed).toMatchObject({ version: '3.0.0', why: 'uncounted' })
})

test('what is neither in force nor the one before it goes with the next proof; the spool is never touched', () => {
  mkdirSync(join(state, 'spool'))
  writeFileSync(join(state, 'spool/batch'), 'waits')
  for (const version of ['1.0.0', '2.0.0', '3.0.0']) arrived(version)
  expect(['1.0.0', '2.0.0', '3.0.0'].map((version) => versions.has(version))).toEqual([false, true, true])
  expect([versions.previous, versions.current]).toEqual(['2.0.0', '3.0.0'])
  expect(readFileSync(join(state, 'spool/batch'), 'utf8')).toBe('waits')
  expect(existsSync(join(state, 'versions/trial'))).toBe(false)
})
