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

test('an address that is none is refused without being repeated', () => {
  for (const [name, wrong] of [
    ['DATABASE_URL', 'postgres://owner:hunter2@no host:x/db'],
    ['NATS_URL', 'nats://a:4222,nats://control:hunter2@no host'],
  ] as const) {
    expect(() => readEnvironment({ ...least, [name]: wrong })).toThrow(new RegExp(`${name} is not an address`))
    expect(() => readEnvironment({ ...least, [name]: wrong })).not.toThrow(/hunter2/)
  }
  expect(readEnvironment({ ...least, NATS_URL: 'a:4222, tls://b:4223' }).natsUrl).toBe('a:4222, tls://b:4223')
})

test('a process has the roles that it was given, and all without any', () => {
  expect([...readRoles(['--role', 'ingest,work'])]).toEqual(['ingest', 'work'])
  expect(readRoles([]).has('api')).toBe(true)
  expect(() => readRoles(['--role', 'ingets'])).toThrow(/ingets/)
})
