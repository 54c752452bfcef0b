/** Who reads of a failure reads of all that failed. */
import { expect, test } from 'vitest'
import { asOne } from './failures.ts'
import { ConnectorError } from './wire.ts'

const failed = (message: string) => new ConnectorError('refused', message, `how to mend ${message}`)

test('each is said once, the first gives code and remedy, and what is too much is counted', () => {
  const [a, b] = [failed('a'), failed('b')]
  expect(asOne(a, [])).toBe(a)
  expect(asOne(a, [b, a, b])).toMatchObject({ code: 'refused', message: 'a; b', remedy: 'how to mend a' })
  const many = Array.from({ length: 11 }, (_, n) => failed(`part ${n}`))
  expect(asOne(many[0]!, many.slice(1)).message).toMatch(/^part 0; .*; part 7; and 3 more failures$/)
})
