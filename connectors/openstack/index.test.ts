/** A source of a cloud: which projects it tells, by which versions and tokens, and what it does where a part can't be read. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Collected, ConnectorError, type Listing, type Session } from '#connectors/contract.ts'
import { APPLICATION, CloudDouble, USER } from '#test/connectors/cloud/cloud.ts'
import { World } from '#test/connectors/cloud/world.ts'
import { TRUSTED } from '#test/connectors/certificates.ts'
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
  const free = world.volume(5)
  const { listing, error } = await look()
  expect(listing?.complete).toBe(false)
  // what other services know is told all the same
  expect([ids(listing, 'vm'), ids(listing, 'volume')]).toEqual([[there], [free]])
  expect(error?.message).toContain('a cell of Nova')
})

test('one server that is not as documented hides no other, and the rest of the cloud is told', async () => {
  const there = world.server('there')
  world.server('odd', { metadata: { owner: 7 } })
  const free = world.volume(5)
  const { listing, error } = await look()
  expect(error).toMatchObject({ code: 'bad_answer' })
  expect(listing?.complete).toBe(false)
  expect([ids(listing, 'vm'), ids(listing, 'volume')]).toEqual([[there], [free]])
})

test('a flavour that is not as documented costs its own servers alone, and none where it has none', async () => {
  cloud.newest = 1
  const there = world.server('there')
  const odd = world.flavor('m1.odd', { vcpus: 1, ram: 512, disk: 'much' as unknown as number })
  expect(await look()).toMatchObject({ listing: { complete: true } })
  world.server('odd', { flavor: { id: odd, links: [] } })
  const { listing, error } = await look()
  expect(error?.message).toContain('at disk')
  expect([listing?.complete, ids(listing, 'vm')]).toEqual([false, [there]])
})

test('a row without its id hides no other, and the listing ends nothing', async () => {
  const there = world.volume(5)
  world.volumes.set('odd', { ...world.volumes.get(there)!, id: null as unknown as string })
  const { listing, error } = await look()
  expect(error?.message).toContain('volumes with a row that has no id')
  expect([listing?.complete, ids(listing, 'volume')]).toEqual([false, [there]])
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

test('a catalogue may name services without the version of their API', async () => {
  cloud.isVersioned = false
  const [server, free] = [world.server('mine'), world.volume(5)]
  const { listing, error } = await look()
  expect(error).toBeUndefined()
  expect([ids(listing, 'vm'), ids(listing, 'volume')]).toEqual([[server], [free]])
})

test('a region without Cinder has no volumes, though another region has it; without Nova it is told', async () => {
  const there = world.server('there')
  cloud.elsewhere.add('volumev3')
  const { listing, error } = await look()
  expect([error, listing?.complete, ids(listing, 'vm')]).toEqual([undefined, true, [there]])
  cloud.elsewhere.add('compute')
  const without = await look()
  expect([without.listing?.complete, without.error?.code]).toEqual([false, 'bad_settings'])
})

test('a Neutron without routers has no floating addresses; one that lost its list while it has them is told', async () => {
  world.server('there')
  cloud.hasRouters = false
  const { listing, error } = await look()
  expect([error, listing?.complete, ids(listing, 'ip')]).toEqual([undefined, true, []])
  cloud.losesFloatingIps = true
  cloud.hasRouters = true
  const lost = await look()
  expect([lost.listing?.complete, lost.error?.message]).toEqual([
    false,
    expect.stringContaining('/floatingips answers 404'),
  ])
})

test('projects go on over pages that Keystone calls truncated; a list that ends so is cut off, and nothing is told', async () => {
  cloud.page_rows = 3
  for (let n = 0; n < 7; n += 1) world.project(`p-${n}`)
  expect(ids((await look({ ...application, all_projects: true })).listing, 'namespace')).toHaveLength(9)
  cloud.hasPagesOfProjects = false
  const { listing, error } = await look({ ...application, all_projects: true })
  expect([listing, error?.code]).toEqual([undefined, 'limit'])
})

test('the copy that a volume moves to is no volume of its own', async () => {
  const [moving] = [world.volume(50, { migration_status: 'migrating' })]
  world.volume(50, { migration_status: `target:${moving}` })
  const { listing } = await look({ ...application, all_projects: true })
  expect(ids(listing, 'volume')).toEqual([moving])
})

test('Cinder and Neutron that show one project alone end nothing of the others', async () => {
  const theirs = world.volume(5, { 'os-vol-tenant-attr:tenant_id': world.other })
  world.ip('203.0.113.9', { project_id: world.other })
  world.server('theirs', {
    tenant_id: world.other,
    'os-extended-volumes:volumes_attached': [{ id: theirs }],
    addresses: { net: [{ addr: '203.0.113.9', version: 4, 'OS-EXT-IPS:type': 'floating' }] },
  })
  const all = { ...application, all_projects: true }
  expect((await look(all)).listing).toMatchObject({ complete: true })
  cloud.isAdminEverywhere = false
  const { listing, error } = await look(all)
  expect(listing?.complete).toBe(false)
  expect(error).toMatchObject({ code: 'refused', message: expect.stringMatching(/^Cinder lists.*; Neutron lists/) })
  // a source of one project has nothing to lose by it
  expect((await look()).listing?.complete).toBe(true)
})

test('an administrator’s source of one project tells no address of another, though Neutron shows it', async () => {
  const mine = world.ip('203.0.113.1')
  world.ip('203.0.113.2', { project_id: world.other, tenant_id: world.other })
  cloud.knowsProjectId = false
  expect(ids((await look()).listing, 'ip')).toEqual([mine])
})

test('a flavour that is gone altogether hides its own servers alone', async () => {
  cloud.newest = 1
  const gone = world.flavor('m1.gone', { vcpus: 8, ram: 16_384, disk: 10 })
  const there = world.server('there')
  world.server('orphaned', { flavor: { id: gone, links: [] } })
  world.flavors.delete(gone)
  const { listing, error } = await look()
  expect([listing?.complete, ids(listing, 'vm')]).toEqual([false, [there]])
  expect(error?.message).toContain('is not in the list of flavours')
})

test('413 is a limit, as Nova said it before 429 was known', async () => {
  cloud.overLimit = 413
  expect((await look()).error).toMatchObject({ code: 'limit' })
})
