import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const file = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8')

const refusal = (...args: string[]) => {
  const { exitCode, stderr } = Bun.spawnSync(['sh', join(import.meta.dirname, 'install-agent.sh'), ...args])
  expect(exitCode).toBe(1)
  return stderr.toString()
}

test('the installer carries the service unit and the launcher as they are', () => {
  expect(file('install-agent.sh')).toContain(`<<'LAUNCHER'\n${file('../agent/launch.sh')}LAUNCHER\n`)
  expect(file('install-agent.sh')).toContain(`<<'UNIT'\n${file('atalaya-agent.service')}UNIT\n`)
})

test('the installer refuses an address that is not https, and anything it does not know', () => {
  expect(refusal('--url', 'http://atalaya.example', '--token', 't')).toContain('is not https')
  expect(refusal('--url', 'https://atalaya.example')).toContain('--token are needed')
  expect(refusal('--frm', 'x')).toContain('unknown argument: --frm')
  expect(refusal('--url')).toContain('--url needs a value')
})

test('containers never let agents in without TLS', () => {
  const text = file('compose.yaml')
  expect(text).toMatch(/--cert=.*\n.*--key=/)
  expect(text).not.toMatch(/nats:\/\//)
})
