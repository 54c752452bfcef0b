import { expect, test } from 'vitest'
import { inPieces, readFirstLine } from './format.ts'
import { inDependencyOrder, percentOf, rowsIn, whyMigrationsDiffer } from './rules.ts'
import { showProgress, sizeText } from './progress.ts'

test('a table comes after those that it refers to, and may refer to itself', () => {
  const tables = [
    { name: 'line', references: ['invoice', 'line'] },
    { name: 'account', references: ['entity'] },
    { name: 'invoice', references: ['account', 'entity'] },
    { name: 'entity', references: [] },
  ]
  expect(inDependencyOrder(tables).map((table) => table.name)).toEqual(['entity', 'account', 'invoice', 'line'])
})

test('tables that refer to each other in a circle are named', () => {
  const tables = [
    { name: 'hen', references: ['egg'] },
    { name: 'egg', references: ['hen'] },
    { name: 'farm', references: [] },
  ]
  expect(() => inDependencyOrder(tables)).toThrow('egg, hen')
})

test('a backup of this version or an older one fits, a newer one or another branch does not', () => {
  expect(whyMigrationsDiffer(['a', 'b'], ['a', 'b'], '1.0.0')).toBeNull()
  expect(whyMigrationsDiffer(['a'], ['a', 'b'], '1.0.0')).toBeNull()
  expect(whyMigrationsDiffer(['a', 'b', 'c'], ['a', 'b'], '2.0.0')).toContain('Install Atalaya 2.0.0 or newer')
  expect(whyMigrationsDiffer(['b', 'a'], ['a', 'b'], '1.0.0')).toContain('other migrations')
})

test('percent never says that all is done, and survives estimates of nothing', () => {
  expect([percentOf(0, 0), percentOf(1, 3), percentOf(5, 3)]).toEqual([0, 33, 99])
})

test('rows are counted by the ends of their lines', () => {
  expect(rowsIn(Buffer.from('a\tb\\nc\nd\te\n'))).toBe(2)
  expect(rowsIn(Buffer.from(''))).toBe(0)
})

test('pieces have one size, whatever the sizes that they come in, and lose nothing', async () => {
  const text = Array.from({ length: 50 }, (_, n) => `${n};`.repeat(n % 7)).join('')
  for (const step of [1, 5, 200]) {
    async function* source() {
      for (let at = 0; at < text.length; at += step) yield Buffer.from(text.slice(at, at + step))
    }
    const pieces: string[] = []
    for await (const piece of inPieces(source(), 16)) pieces.push(piece.toString())
    expect(pieces.join('')).toBe(text)
    expect(new Set(pieces.slice(0, -1).map((piece) => piece.length))).toEqual(new Set([16]))
  }
})

test('the first line tells a backup, its format, and what is neither', () => {
  expect(readFirstLine(Buffer.from('ATALAYA BACKUP 1\nH'))).toEqual({ length: 17 })
  expect(readFirstLine(Buffer.from('ATALAYA BACKUP 7\n'))).toMatchObject({
    wrong: expect.stringContaining('version 7') as string,
  })
  for (const text of ['', 'ATALAYA', 'ATALAYA BACKUP x\n', 'PGDMP\n', 'ATALAYA BACKUP 1'])
    expect(readFirstLine(Buffer.from(text)), text).toMatchObject({
      wrong: expect.stringContaining("isn't a backup") as string,
    })
})

test('progress says tables, rows, size and percent: on a terminal in one line, elsewhere now and then', () => {
  const step = { table: 'event', tables_done: 3, tables: 42, rows: 1200, bytes: 3 << 20, percent: 17 }
  for (const [isTTY, every_ms] of [
    [true, 200],
    [false, 5_000],
  ] as const) {
    let [clock_ms, written] = [0, '']
    const { progress, end } = showProgress('Backing up:', { isTTY, write: (text) => (written += text) }, () => clock_ms)
    for (clock_ms = 0; clock_ms <= 2 * every_ms; clock_ms += every_ms / 10) progress(step)
    end()
    const lines = written.split('Backing up: 17 %   3 of 42 tables   1200 rows   3.0 MiB   event')
    expect(lines).toHaveLength(3)
    expect(written.includes('\n')).toBe(!isTTY)
    expect(written.endsWith('\u001B[K')).toBe(isTTY)
  }
  expect([sizeText(0), sizeText(1023), sizeText(1 << 30)]).toEqual(['0 bytes', '1023 bytes', '1.0 GiB'])
})
