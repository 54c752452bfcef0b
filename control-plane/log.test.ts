import { DrizzleQueryError } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { describeError, sayError } from './log.ts'

test('a failed query is logged without what was sent to the database', () => {
  const cause = Object.assign(new Error('duplicate key value violates unique constraint'), { code: '23505' })
  const error = new DrizzleQueryError('insert into source (settings) values ($1)', ['{"password":"hunter2"}'], cause)
  const described = describeError(error)
  expect(described).toMatchObject({ code: '23505', query: 'insert into source (settings) values ($1)' })
  expect(JSON.stringify(described)).not.toContain('hunter2')
  expect(sayError(error)).toMatch(/^duplicate key .*insert into source/)
  expect(sayError(error)).not.toContain('hunter2')
})

test('where any other error happened can be found', () => {
  const described = describeError(new Error('broken'))
  expect(described.message).toBe('broken')
  expect(described.stack).toMatch(/log\.test/)
})

test.each(['throw error', 'void Promise.reject(error)'])(
  'an error that nobody expected ends the program without its values: %s',
  (end) => {
    const script = `
    import { DrizzleQueryError } from 'drizzle-orm'
    import { createLog, endSayingLittle } from './log.ts'
    endSayingLittle(createLog('trace'))
    const error = new DrizzleQueryError('select $1', ['hunter2'], Object.assign(new Error('refused'), { parameters: ['hunter2'] }))
    setTimeout(() => { ${end} }, 1)`
    const ended = Bun.spawnSync(['bun', '-e', script], { cwd: import.meta.dirname })
    const said = `${ended.stdout.toString()}${ended.stderr.toString()}`
    expect(ended.exitCode).toBe(1)
    expect(said).toMatch(/"level":60.*refused.*select \$1/)
    expect(said).not.toContain('hunter2')
  },
)
