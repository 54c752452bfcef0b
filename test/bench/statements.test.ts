/** What PostgreSQL logs is read back as the statements that it ran. */
import { expect, test } from 'vitest'
import { entriesOf, statementsOf } from './statements.ts'

test('a statement over several lines comes back with its values put in', () => {
  const log = [
    '2026-11-22 05:11:57.889 UTC [7] login LOG:  execute <unnamed>: select *',
    '\t  from t where a = $1 and b = $12 and c is $2',
    "2026-11-22 05:11:57.889 UTC [7] login DETAIL:  Parameters: $1 = 'it''s', $2 = NULL, $12 = '5'",
    '2026-11-22 05:11:57.890 UTC [8]  LOG:  checkpoint starting',
    '2026-11-22 05:11:57.891 UTC [7] login LOG:  statement: commit',
    '',
  ].join('\n')
  const sessions = statementsOf(entriesOf(log))
  expect([...sessions]).toEqual([['7', ["select *\n  from t where a = 'it''s' and b = '5' and c is NULL", 'commit']]])
})
