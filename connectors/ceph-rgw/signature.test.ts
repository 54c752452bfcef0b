import { expect, test } from 'vitest'
import { queryText, signed } from './signature.ts'

/** The examples that AWS publishes: “Signature Calculations for the Authorization Header” of the S3 API reference. */
const credential = {
  access_key: 'AKIAIOSFODNN7EXAMPLE',
  secret_key: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
}
const at_ms = Date.UTC(2013, 4, 24)
const host = 'examplebucket.s3.amazonaws.com'
const get = { method: 'GET', host, path: '/', query: {} }

test.each([
  [
    'an object with a header of its own',
    { ...get, path: '/test.txt', headers: { range: 'bytes=0-9' } },
    'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
  ],
  [
    'a parameter without a value',
    { ...get, query: { lifecycle: '' } },
    'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
  ],
  [
    'several parameters',
    { ...get, query: { prefix: 'J', 'max-keys': '2' } },
    '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
  ],
])('%s is signed as AWS publishes it', (_, request, signature) => {
  const { authorization } = signed(request, credential, at_ms)
  expect(authorization).toContain('Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request')
  expect(authorization?.split('Signature=')[1]).toBe(signature)
})

test('names with signs that URLs treat specially are encoded, so that a user of a tenant can be asked for', () => {
  expect(queryText({ uid: 'acme$bob', stats: 'true', marker: "a b+(c)'*" })).toBe(
    'marker=a%20b%2B%28c%29%27%2A&stats=true&uid=acme%24bob',
  )
})
