/** A source of a cloud: which projects it tells, by which versions and tokens, and what it does where a part can't be read. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Collected, ConnectorError, type Listing, type Session } from '#connectors/contract.ts'
import { APPLICATION, CloudDouble, USER } from '#test/connectors/cloud/cloud.ts'
import { World } from '#test/connectors/cloud/world.ts'
import { TRUSTED } from '#test/connectors/tls.ts'
import { connector } from './index.ts'

const REALM = 'cloud.test/RegionOne'
const application = {
  application_credential_id: APPLICATION.id,
  application_credential_secret: APPLICATION.secret,
} as const
let world: World
let cloud: CloudDouble
beforeEach(() => {
  world = new World()
  cloud = new CloudDouble(world)
})
afterEach(() => cloud.end())

let said: Collected[]
const open = (settings: Record<string, unknown>): Promise<Session> =>
  connector.open(
    { auth_url: `${cloud.url}/identity/v3`, region: 'RegionOne', ca: TRUSTED.ca, ...settings },
    {
      realm: REALM,
      interval_ms: 60_000,
      now: Date.now,
      emit: (facts) => void said.push(...facts),
      memory: { get: async () => undefined, set: async () => {} },
      log: () => {},
    },
  )
async function tick(session: Session): Promise<{ listing?: Listing; error?: ConnectorError }> {
  said = []
  let error: ConnectorError | undefined
  try {
    said.push(...(await session.collect(AbortSignal.timeout(20_000))))
  } catch (thrown) {
    if (!(thrown instanceof ConnectorError)) throw thrown
    error = thrown
  }
  const listing = said.find((fact) => fact.type === 'listing')
  return { ...(listing && { listing }), ...(error && { error }) }
}
const look = async (settings: Record<string, unknown> = application) => tick(await open(settings))
const ids = (listing: Listing | undefined, kind: string) =>
  listing?.resources.filter((one) => one.kind === kind).map(({ external_id }) => external_id)

test('a source of one project tells that one alone, though its credential may see all', async () => {
  const mine = world.server('mine')
  world.server('theirs', { tenant_id: world.other })
  world.volume(5, { 'os-vol-tenant-attr:tenant_id': world.other })
  world.ip('203.0.113.1', { project_id: world.other })
  const ip = world.ip('203.0.113.2')
  const { listing, error } = await look()
  expect(error).toBeUndefined()
  expect(listing).toMatchObject({ complete: true, scope: { kind: 'namespace', external_id: world.own } })
  expect(listing?.resources.map(({ external_id }) => external_id)).toEqual([world.own, mine, ip])
})

test('a source of all projects tells them with their names', async () => {
  const theirs = world.server('theirs', { tenant_id: world.other })
  const { listing } = await look({ ...application, all_projects: true })
  expect(listing).toMatchObject({ complete: true, scope: { kind: 'cluster', external_id: REALM } })
  expect(ids(listing, 'namespace')).toEqual([world.own, world.other])
  const row = listing?.resources.find(({ external_id }) => external_id === theirs)
  expect(row).toMatchObject({ host: 'compute1.test', attributes: { project_name: 'other', flavor: 'm1.small' } })
})

test('without the right to see all projects nothing is told, and the right is named', async () => {
  cloud.isAdmin = false
  world.server('mine')
  const { listing, error } = await look({ ...application, all_projects: true })
  expect(listing).toBeUndefined()
  expect(error).toMatchObject({ code: 'refused' })
  expect(error?.message).toContain('identity:list_projects')
  expect((await look()).listing?.complete).toBe(true)
})

test('a user signs in by his password, to a project by its id or its name', async () => {
  const user = { username: USER.name, password: USER.password }
  for (const project of [{ project_id: world.other }, { project_name: 'other' }])
    expect((await look({ ...user, ...project })).listing?.scope.external_id).toBe(world.other)
  expect((await look({ ...user, project_name: 'none such' })).error).toMatchObject({ code: 'refused' })
  expect((await look({ ...user, password: 'wrong', project_name: 'other' })).error).toMatchObject({ code: 'refused' })
})

test.each([
  [{}],
  [{ application_credential_id: 'x' }],
  [{ username: 'u', password: 'p' }],
  [{ username: 'u', project_name: 'p' }],
  [{ ...application, username: 'u' }],
  [{ ...application, auth_url: 'https://u:p@keystone.test' }],
])('settings without one whole credential are refused: %j', async (settings) => {
  await expect(open(settings)).rejects.toMatchObject({ code: 'bad_settings' })
})

test('one token serves until it ends; one that was revoked is renewed within the tick', async () => {
  world.server('mine')
  const session = await open(application)
  const issued = () => cloud.asked.filter((one) => one.includes('/auth/tokens')).length
  for (let n = 0; n < 3; n += 1) await tick(session)
  expect(issued()).toBe(1)
  cloud.tokens.clear()
  const { listing, error } = await tick(session)
  expect([listing?.complete, error, issued()]).toEqual([true, undefined, 2])
})

test('a token that isn’t taken although it is new is told once, and not asked for again and again', async () => {
  const session = await open(application)
  cloud.token_life_ms = -1_000
  const { error } = await tick(session)
  expect(error).toMatchObject({ code: 'refused' })
  expect(cloud.asked.filter((one) => one.includes('/auth/tokens')).length).toBeLessThanOrEqual(8)
})

test.each([
  [95, true],
  [53, true],
  [1, false],
])('Nova 2.%s tells the size of servers, by their own flavours or by the list of them', async (newest, own) => {
  cloud.newest = newest
  world.server('mine')
  const session = await open(application)
  for (let n = 0; n < 2; n += 1) {
    const { listing, error } = await tick(session)
    expect(error).toBeUndefined()
    expect(listing?.resources[1]).toMatchObject({ size: { vcpu_count: 2, memory_bytes: 2 ** 31 } })
  }
  expect(cloud.asked.some((one) => one.includes('/flavors/detail'))).toBe(!own)
})

test('a flavour that was deleted still tells the size of the servers that have it', async () => {
  cloud.newest = 1
  const gone = world.flavor('m1.gone', { vcpus: 8, ram: 16_384, disk: 10 })
  world.server('mine', { flavor: { id: gone, links: [] } })
  world.deleted_flavors.set(gone, world.flavors.get(gone)!)
  world.flavors.delete(gone)
  const { listing, error } = await look()
  expect(error).toBeUndefined()
  expect(listing?.resources[1]).toMatchObject({ size: { vcpu_count: 8 }, attributes: { flavor: 'm1.gone' } })
})

test('servers of a cell that is down end nothing: the listing is incomplete and says why', async () => {
  const [there, silent] = [world.server('there'), world.server('silent')]
  world.unreachable.add(silent)
  const { listing, error } = await look()
  expect(listing?.complete).toBe(false)
  expect(ids(listing, 'vm')).toEqual([there])
  expect(error?.message).toContain('a cell of Nova')
})

test('one server that is not as documented hides no other, and the rest of the cloud is told', async () => {
  const there = world.server('there')
  world.server('odd', { created: null })
  const free = world.volume(5)
  const { listing, error } = await look()
  expect(error).toMatchObject({ code: 'bad_answer' })
  expect(listing?.complete).toBe(false)
  expect([ids(listing, 'vm'), ids(listing, 'volume')]).toEqual([[there], [free]])
})

test('a server that is deleted is gone from the listing', async () => {
  world.server('gone', { status: 'DELETED' })
  const { listing } = await look()
  expect([listing?.complete, ids(listing, 'vm')]).toEqual([true, []])
})

test('pages go on after what they ended with, also where just that was deleted', async () => {
  cloud.page_rows = 4
  const lived = Array.from({ length: 9 }, (_, n) =>
    world.server(`lives-${n}`, { created: `2026-01-0${n + 1}T00:00:00Z` }),
  )
  // the fourth from the newest ends the first page, and dies before the second is asked for
  const dies = lived.splice(5, 1)[0]!
  let pages = 0
  cloud.between = () => {
    if (cloud.asked.at(-1)?.includes('/servers/detail') && (pages += 1) === 1) world.servers.delete(dies)
  }
  const { listing, error } = await look()
  expect(error).toBeUndefined()
  expect(ids(listing, 'vm')?.toSorted()).toEqual([...lived, dies].toSorted())
})

test('the addresses in links lead nowhere from outside and are not followed', async () => {
  cloud.page_rows = 2
  for (let n = 0; n < 5; n += 1) world.volume(1)
  expect(ids((await look()).listing, 'volume')).toHaveLength(5)
})

test('a region that the cloud lacks is told with those that it has', async () => {
  const { error } = await look({ ...application, region: 'RegionThree' })
  expect(error).toMatchObject({ code: 'bad_settings' })
  expect(error?.message).toContain('RegionOne')
})
