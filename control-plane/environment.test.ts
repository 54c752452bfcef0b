import { expect, test } from 'vitest'
import { readEnvironment, readRoles } from './environment.ts'

const least = { DATABASE_URL: 'postgres://a@b/c', NATS_URL: 'nats://control@one', ATALAYA_DATA: '/srv/data' }

test('what is not set has a default, and loopback is the only place that is listened at', () => {
  expect(readEnvironment(least)).toMatchObject({ host: '127.0.0.1', port: 8080, agentNatsUrl: 'nats://control@one' })
})

test('a missing address and a port that is none are named', () => {
  expect(() => readEnvironment({ ...least, NATS_URL: undefined })).toThrow(/NATS_URL/)
  expect(() => readEnvironment({ ...least, ATALAYA_PORT: '80a' })).toThrow(/ATALAYA_PORT is "80a"/)
})

test('a process has the roles that it was given, and all without any', () => {
  expect([...readRoles(['--role', 'ingest,work'])]).toEqual(['ingest', 'work'])
  expect(readRoles([]).has('api')).toBe(true)
  expect(() => readRoles(['--role', 'ingets'])).toThrow(/ingets/)
})
