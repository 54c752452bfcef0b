/** A newcomer follows `connectors/GUIDE.md` to the letter, in a copy of the tree, and has a connector that keeps the contract. */
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHECKS } from './kit.ts'

const root = join(import.meta.dirname, '../..')
const NOT_COPIED = new Set(['node_modules', '.git', '.tools', '.atalaya', 'dist', 'coverage'])
const LIMIT_MS = 300_000

interface Block {
  /** `sh`, or the file that it is, or `FILE +` for its end */
  info: string
  text: string
}

const blocksOf = (page: string): Block[] =>
  [...page.matchAll(/^```(?:sh|(?:ts|json) (\S+(?: \+)?))\n([\s\S]*?)^```$/gm)].map(([, path, text = '']) => ({
    info: path ?? 'sh',
    text,
  }))

describe('the guide', () => {
  const copy = mkdtempSync(join(tmpdir(), 'atalaya-guide-'))
  const said: string[] = []

  /** What it printed; throws all of it where it failed. */
  async function shell(script: string): Promise<string> {
    const path = [dirname(process.execPath), join(root, 'node_modules/.bin'), process.env['PATH']].join(':')
    const env = { PATH: path, HOME: copy, TMPDIR: tmpdir(), NO_COLOR: '1' }
    const child = Bun.spawn(['sh', '-euc', script], { cwd: copy, env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
    if ((await child.exited) !== 0) throw new Error(`the guide's\n${script}failed:\n${stdout}${stderr}`)
    return `${stdout}${stderr}`
  }

  async function follow({ info, text }: Block): Promise<void> {
    if (info === 'sh') said.push(await shell(text))
    else if (info.endsWith(' +')) appendFileSync(join(copy, info.slice(0, -2)), `\n${text}`)
    else writeFileSync(join(copy, info), text)
  }

  beforeAll(async () => {
    cpSync(root, copy, { recursive: true, filter: (path) => !NOT_COPIED.has(basename(path)) })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
    for (const block of blocksOf(readFileSync(join(root, 'connectors/GUIDE.md'), 'utf8'))) await follow(block)
  }, LIMIT_MS)
  afterAll(() => rmSync(copy, { recursive: true, force: true }), LIMIT_MS)

  test('a new skeleton is green', () => {
    expect(said[0]).toContain('test/connectors/toy.test.ts')
    expect(said[0]).toMatch(/Test Files {2}2 passed/)
  })

  test('the connector at its end keeps the whole contract', () => {
    expect(said[1]).toMatch(/Test Files {2}3 passed/)
    // and none skipped
    const [, passed] = /Tests {2}(\d+) passed \(\1\)/.exec(said[1] ?? '') ?? []
    expect(Number(passed)).toBeGreaterThan(CHECKS.length + 2)
  })

  test('it shows the machines of its vendor as the agent would report them', () => {
    expect(said[1]).toMatch(/listing of cluster once at .*: 2 resources/)
    expect(said[1]).toMatch(/vm web-1 .*"memory_bytes":4294967296[\s\S]*vm web-2/)
    expect(said[1]).toMatch(/readings of vm vm-000001[\s\S]*network_transmit_bytes +4096/)
  })

  test('it is the connector that the kit was tried on', () => {
    for (const file of ['client.ts', 'map.ts', 'index.ts'])
      expect(readFileSync(join(copy, 'connectors/toy', file), 'utf8')).toBe(
        readFileSync(join(root, 'test/connectors/toy/connector', file), 'utf8'),
      )
  })

  test('its fuzz target finds nothing, and would', { timeout: LIMIT_MS }, async () => {
    const fuzz = (inputs: number) =>
      shell(`bun -e '
        const { connectors } = await import("./test/fuzz/connectors/index.ts")
        const { run } = await import("./test/fuzz/run.ts")
        const toy = connectors().filter(({ name }) => name.endsWith(" toy"))
        const { passed, failures } = await run(toy, { inputs: ${inputs}, seed: 1, say() {} })
        console.log(passed + " passed, " + failures.length + " failed")'
      `)
    expect(await fuzz(2_000)).toContain('2000 passed, 0 failed')
    const map = join(copy, 'connectors/toy/map.ts')
    writeFileSync(map, readFileSync(map, 'utf8').replace('cores: z.int().nonnegative()', 'cores: z.number()'))
    expect(await fuzz(2_000)).not.toContain(' 0 failed')
  })
})
