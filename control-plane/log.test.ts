import { DrizzleQueryError } from 'drizzle-orm'
import { expect, test } from 'vitest'
import { describeError } from './log.ts'

test('a failed query is logged without what was sent to the database', () => {
  const cause = Object.assign(new Error('duplicate key value violates unique constraint'), { code: '23505' })
  const error = new DrizzleQueryError('insert into source (settings) values ($1)', ['{"password":"hunter2"}'], cause)
  const described = describeError(error)
  expect(described).toMatchObject({ code: '23505', query: 'insert into source (settings) values ($1)' })
  expect(JSON.stringify(described)).not.toContain('hunter2')
})

test('where any other error happened can be found', () => {
  const described = describeError(new Error('broken'))
  expect(described.message).toBe('broken')
  expect(described.stack).toMatch(/log\.test/)
})
