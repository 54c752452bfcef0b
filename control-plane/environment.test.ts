import { expect, test } from 'vitest'
import { readEnvironment, readRoles } from './environment.ts'

const least = { DATABASE_URL: 'postgres://a@b/c', NATS_URL: 'nats://control@localhost', ATALAYA_DATA: '/srv/data' }

test('what is not set has a default, and loopback is the only place that is listened at', () => {
  expect(readEnvironment(least)).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    agentNatsUrl: 'nats://control@localhost',
  })
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
  expect(readEnvironment({ ...least, NATS_URL: '127.0.0.1:4222, tls://b:4223' }).natsUrl).toBe(
    '127.0.0.1:4222, tls://b:4223',
  )
})

test('a process has the roles that it was given, and all without any', () => {
  expect([...readRoles(['--role', 'ingest,work'])]).toEqual(['ingest', 'work'])
  expect(readRoles([]).has('api')).toBe(true)
  expect(() => readRoles(['--role', 'ingets'])).toThrow(/ingets/)
})

test('agents are sent nowhere in the clear, and their credentials have a bounded life', () => {
  const address = (url: string) => () => readEnvironment({ ...least, ATALAYA_AGENT_NATS_URL: url })
  expect(address('nats://agent:hunter2@nats.example:4222')).toThrow(/in the clear/)
  expect(address('nats://agent:hunter2@nats.example:4222')).not.toThrow(/hunter2/)
  expect(address('tls://nats.example:4222')().agentNatsUrl).toBe('tls://nats.example:4222')
  expect(address('nats://127.0.0.1:4222')().credential_s).toBe(3_600)
  for (const wrong of ['1', '86401', '1h', '-5'])
    expect(() => readEnvironment({ ...least, ATALAYA_AGENT_CREDENTIAL_SECONDS: wrong }), wrong).toThrow(/CREDENTIAL/)
})

test('where browsers reach us is this machine until somebody says otherwise, and mail goes out only where it is set up', () => {
  const people = (more: object) => readEnvironment({ ...least, ...more }).people
  expect(people({ ATALAYA_PORT: '9090' })).toEqual({ publicUrl: 'http://localhost:9090', mail: null })
  expect(people({ ATALAYA_PUBLIC_URL: 'https://atalaya.example/' }).publicUrl).toBe('https://atalaya.example')
  const mail = { ATALAYA_SMTP_URL: 'smtp://u:hunter2@mail.example:587', ATALAYA_MAIL_FROM: 'a@example.com' }
  expect(people(mail).mail).toEqual({ url: mail.ATALAYA_SMTP_URL, from: 'a@example.com' })
  for (const wrong of ['atalaya.example', 'https://atalaya.example/below', 'ftp://atalaya.example'])
    expect(() => people({ ATALAYA_PUBLIC_URL: wrong })).toThrow(/ATALAYA_PUBLIC_URL is/)
  expect(() => people({ ATALAYA_SMTP_URL: mail.ATALAYA_SMTP_URL })).toThrow(/ATALAYA_MAIL_FROM is not set/)
  expect(() => people({ ...mail, ATALAYA_SMTP_URL: 'http://u:hunter2@x' })).toThrow(/ATALAYA_SMTP_URL is not/)
  expect(() => people({ ...mail, ATALAYA_SMTP_URL: 'http://u:hunter2@x' })).not.toThrow(/hunter2/)
})
