import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../../deploy/port.ts'
import { endsWithUs, isAlive } from '../../deploy/process.ts'

const root = join(import.meta.dirname, '../..')
const START_MS = 45_000

let data: string
let port: number
let started: Array<Bun.Subprocess<'ignore', 'pipe', 'pipe'>>
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'atalaya-up-'))
  port = await freePort()
  started = []
})
afterEach(async () => {
  for (const one of started) one.kill('SIGINT')
  for (const one of started) await one.exited
  rmSync(data, { recursive: true, force: true })
})

/** `npm run up` on a folder and port of this test, from where its tools are found. */
function up(env: Record<string, string> = {}, flags: string[] = []) {
  const { DATABASE_URL: _database, NATS_URL: _nats, ...rest } = process.env
  const one = Bun.spawn(endsWithUs(['bun', 'deploy/up.ts', ...flags], 'SIGINT'), {
    cwd: root,
    env: { ...rest, ATALAYA_DATA: data, ATALAYA_PORT: String(port), ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  started.push(one)
  return one
}

/** What it showed until it said how to stop it. */
async function ready(one: ReturnType<typeof up>): Promise<string> {
  let shown = ''
  const timer = setTimeout(() => one.kill('SIGINT'), START_MS)
  const decoder = new TextDecoder()
  for await (const chunk of one.stdout) {
    shown += decoder.decode(chunk)
    if (shown.includes('Ctrl-C stops')) break
  }
  clearTimeout(timer)
  if (!shown.includes('Ctrl-C stops')) throw new Error(`up ended: ${shown}${await new Response(one.stderr).text()}`)
  return shown
}

const children = (): number[] => {
  const { children: all } = JSON.parse(readFileSync(join(data, 'up.lock'), 'utf8')) as {
    children: Array<{ pid: number }>
  }
  return all.map(({ pid }) => pid)
}
const gone = async (pids: number[]) => {
  for (let tries = 0; pids.some(isAlive); tries += 1) {
    if (tries > 200) throw new Error(`Still alive: ${pids.filter(isAlive).join(', ')}`)
    await Bun.sleep(50)
  }
}

test('a start shows address, token and key; Ctrl-C leaves no process and the data; a second start is ready in seconds', async () => {
  const first = up()
  const shown = await ready(first)
  expect(shown).toContain(`http://localhost:${port}`)
  expect(shown).toMatch(/set-up token: +\S+/)
  const key = join(data, 'api-key')
  expect(statSync(key).mode & 0o777).toBe(0o600)
  expect(statSync(data).mode & 0o777).toBe(0o700)
  const headers = { authorization: `Bearer ${readFileSync(key, 'utf8').trim()}` }
  expect((await fetch(`http://127.0.0.1:${port}/api/v1/resources`, { headers })).status).toBe(200)
  const pids = children()
  expect(pids).toHaveLength(4)
  first.kill('SIGINT')
  expect(await first.exited).toBe(0)
  await gone(pids)
  expect(existsSync(join(data, 'up.lock'))).toBe(false)

  const began_ms = performance.now()
  const second = up()
  await ready(second)
  expect(performance.now() - began_ms).toBeLessThan(15_000)
  expect((await fetch(`http://127.0.0.1:${port}/api/v1/resources`, { headers })).status).toBe(200)
})

test('kill -9 of up ends its children too, and the next start works on the same data', async () => {
  const first = up()
  await ready(first)
  const pids = children()
  first.kill('SIGKILL')
  await first.exited
  await ready(up())
  await gone(pids)
})

test('a second up on the same data is refused, and so is a taken port; neither disturbs the first nor leaves a trace', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const refused = up()
  expect(await refused.exited).toBe(1)
  expect(await new Response(refused.stderr).text()).toMatch(new RegExp(`Port ${port} is taken.*\\n.*ATALAYA_PORT=`))
  expect(readdirSync(data)).toEqual([])
  await new Promise((resolve) => server.close(resolve))

  await ready(up())
  const second = up({ ATALAYA_PORT: String(await freePort()) })
  expect(await second.exited).toBe(1)
  expect(await new Response(second.stderr).text()).toContain('is running already')
  expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200)
})

test('a demo stands beside what is real, says that it is one, and is removed by one call even while it tells its history', async () => {
  const demo = join(data, 'demo')
  up({}, ['--demo'])
  const ask = (key: string, path: string, method = 'GET') =>
    fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { authorization: `Bearer ${key}` } }).catch(() => null)
  const keyIn = (folder: string) =>
    existsSync(join(folder, 'api-key')) ? readFileSync(join(folder, 'api-key'), 'utf8').trim() : ''
  const says = async (folder: string, isDemo: boolean) => {
    for (const end = performance.now() + 2 * START_MS; performance.now() < end; await Bun.sleep(100)) {
      const answer = await ask(keyIn(folder), '/api/v1/session')
      if (answer?.ok) return expect(await answer.json()).toMatchObject({ demo: isDemo })
    }
    throw new Error(`no session in ${folder}`)
  }
  await says(demo, true)
  expect((await ask(keyIn(demo), '/api/v1/demo', 'DELETE'))?.status).toBe(204)
  await says(data, false)
  expect(existsSync(demo)).toBe(false)
  expect((await ask(keyIn(data), '/api/v1/demo', 'DELETE'))?.status).toBe(403)
}, 240_000)

test('an outside database that cannot be reached is named without its password', async () => {
  const one = up({ DATABASE_URL: 'postgres://owner:hunter2@127.0.0.1:1/atalaya' })
  expect(await one.exited).toBe(1)
  const [stdout, stderr] = [await new Response(one.stdout).text(), await new Response(one.stderr).text()]
  expect(stderr).toContain('127.0.0.1:1/atalaya')
  expect(stdout + stderr).not.toContain('hunter2')
})
