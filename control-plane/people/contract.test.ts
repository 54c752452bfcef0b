/** What people send to sign in. */
import { expect, test } from 'vitest'
import { SsoStart } from './contract.ts'

const HERE = 'https://atalaya.example'
const provider_id = '0198c5d0-0000-7000-8000-000000000000'
const accepts = (next: string) => SsoStart.safeParse({ provider_id, next }).success

test('after a sign-in by a provider nobody is led to another host, however its address is spelled', () => {
  const elsewhere = ['//evil.example', '/\\evil.example', '/\t/evil.example', '/\n/evil.example', '/\r\\evil.example']
  for (const next of elsewhere) {
    expect([next, new URL(next, HERE).host]).toEqual([next, 'evil.example'])
    expect([next, accepts(next)]).toEqual([next, false])
  }
  for (const next of ['https://evil.example', 'javascript:alert(1)', '', 'invoices']) expect(accepts(next)).toBe(false)
  for (const next of ['/', '/invoices?month=2026-11#lines', '/resources?q=España y más'])
    expect([next, accepts(next)]).toEqual([next, true])
})
