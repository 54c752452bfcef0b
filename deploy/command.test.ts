import { expect, test } from 'vitest'
import { readCommand } from './command.ts'
import { Refusal } from './settings.ts'

test('a file to check needs no database, an installation does, and only a restore makes one', () => {
  expect(readCommand(['verify', 'a.backup'])).toMatchObject({ needsDatabase: false })
  expect(readCommand(['verify'])).toMatchObject({ needsDatabase: true, makesOne: false })
  expect(readCommand(['backup', '--force', 'a.backup'])).toMatchObject({ needsDatabase: true, makesOne: false })
  expect(readCommand(['restore', 'a.backup'])).toMatchObject({ needsDatabase: true, makesOne: true })
  for (const args of [
    ['rotate-secrets', '--drop-old'],
    ['reset-password', 'ana@example.com'],
  ])
    expect(readCommand(args)).toMatchObject({ needsDatabase: true, makesOne: false })
})

test('what is not known and what lacks its file are refused with the usage', () => {
  for (const args of [['bakcup', 'a'], ['backup'], ['restore', '--force']])
    expect(() => readCommand(args)).toThrow(Refusal)
  expect(readCommand([])).toBeNull()
  expect(readCommand(['backup', '--help'])).toBeNull()
})
