/** What a token says, and where services are. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { authUrl } from './index.ts'
import { bodyOf, endpointIn, isServed, readToken } from './keystone.ts'

const recorded: { token: Record<string, unknown> } = JSON.parse(
  readFileSync(new URL('./fixtures/token.json', import.meta.url), 'utf8'),
)
const { catalogue, project, life_ms } = readToken(recorded)
const at = { region: 'RegionOne', interface: 'public' } as const

test('a token tells its project and how long it lives by Keystone’s own clock', () => {
  expect(project).toEqual({ id: '6f70656e737461636b20342065766572', name: 'shop', domain: 'Default' })
  expect(life_ms).toBe(3_600_000)
  expect(() => readToken({ token: { ...recorded.token, project: undefined } })).toThrow('of no project')
  expect(() => readToken({ token: { ...recorded.token, expires_at: 'soon' } })).toThrow('not as documented')
})

test('a service is found by its type, its interface and its region', () => {
  expect(endpointIn(catalogue, ['compute'], at)).toBe('https://nova.example:8774/v2.1')
  expect(endpointIn(catalogue, ['compute'], { ...at, interface: 'internal' })).toBe('http://10.0.0.5:8774/v2.1')
  expect(endpointIn(catalogue, ['block-storage', 'volumev3'], at)).toMatch(/^https:\/\/cinder\.example:8776\/v3\//)
  expect(endpointIn(catalogue, ['object-store'], at)).toBeNull()
})

test('a region or interface that the catalogue lacks is told with those that it has', () => {
  expect(() => endpointIn(catalogue, ['compute'], { ...at, region: 'RegionTwo' })).toThrow('public in RegionOne')
  expect(() => endpointIn(catalogue, ['network'], { ...at, interface: 'admin' })).toThrow('names no admin address')
})

test('without a region in the settings several are told, and one is taken', () => {
  expect(endpointIn(catalogue, ['compute'], { ...at, region: null })).toBe('https://nova.example:8774/v2.1')
  const two = [
    {
      type: 'compute',
      endpoints: ['A', 'B'].map((region_id) => ({ interface: 'public', region_id, url: 'https://nova.example' })),
    },
  ]
  expect(() => endpointIn(two, ['compute'], { ...at, region: null })).toThrow('several regions: A, B')
})

test('of two types of one service that counts which the region has', () => {
  const service = (type: string, region_id: string) => ({
    type,
    endpoints: [{ interface: 'public', region_id, url: `https://${type}.example/v3` }],
  })
  const both = [service('block-storage', 'RegionTwo'), service('volumev3', 'RegionOne')]
  const types = ['block-storage', 'volumev3']
  expect(endpointIn(both, types, at)).toBe('https://volumev3.example/v3')
  expect(isServed(both, types, 'RegionOne')).toBe(true)
  expect(isServed(both, types, 'RegionThree')).toBe(false)
  expect(isServed(both, ['network'], null)).toBe(false)
})

test.each([
  ['https://keystone.example:5000', 'https://keystone.example:5000/v3'],
  ['https://keystone.example:5000/v3/', 'https://keystone.example:5000/v3'],
  ['https://cloud.example/identity/v2.0', 'https://cloud.example/identity/v3'],
  ['https://cloud.example/identity', 'https://cloud.example/identity/v3'],
])('the address %s is that of %s', (written, meant) => {
  expect(authUrl(written)).toBe(meant)
})

test('an application credential asks for no scope; a user names his domain and the project’s', () => {
  expect(bodyOf({ by: 'application_credential', id: 'i', secret: 's' })).toEqual({
    auth: { identity: { methods: ['application_credential'], application_credential: { id: 'i', secret: 's' } } },
  })
  const user = { by: 'password', username: 'u', user_domain: 'D', password: 'p' } as const
  expect(bodyOf({ ...user, project: { name: 'shop', domain: 'E' } })).toEqual({
    auth: {
      identity: { methods: ['password'], password: { user: { name: 'u', domain: { name: 'D' }, password: 'p' } } },
      scope: { project: { name: 'shop', domain: { name: 'E' } } },
    },
  })
  expect(bodyOf({ ...user, project: { id: 'x' } })).toMatchObject({ auth: { scope: { project: { id: 'x' } } } })
})
