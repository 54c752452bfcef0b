/** The small size of `bun run mutants`: one fault that the world must find, after a control that finds none. */
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { endsWithUs } from '../../deploy/process.ts'

const root = join(import.meta.dirname, '../..')

test('a planted fault is found by the world, and without it nothing is', async () => {
  const command = ['bun', 'test/mutants/main.ts', '--seeds', '1..3', '--days', '1', '--only', 'gap as zero']
  const child = Bun.spawn(endsWithUs(command), { cwd: root, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [said, complained, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  expect({ last: said.trimEnd().split('\n').at(-1), complained, code }).toEqual({
    last: '2 passed, 0 failed',
    complained: '',
    code: 0,
  })
}, 120_000)
