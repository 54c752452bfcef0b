/** A source of a panel: what is told where a part of it can't be read. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Collected, ConnectorError, type Listing } from '#connectors/contract.ts'
import { PanelDouble } from '#test/connectors/panel/panel.ts'
import { furnish, node, server } from '#test/connectors/panel/world.ts'
import { TRUSTED } from '#test/connectors/certificates.ts'
import { connector } from './index.ts'

let panel: PanelDouble
beforeEach(() => {
  panel = new PanelDouble()
  furnish(panel, 3)
})
afterEach(() => panel.end())

async function tick(settings: Record<string, unknown> = {}): Promise<{ listing?: Listing; error?: ConnectorError }> {
  const said: Collected[] = []
  const session = await connector.open(
    { url: panel.url, key: panel.key, ca: TRUSTED.ca, ...settings },
    {
      realm: 'panel.test',
      interval_ms: 60_000,
      now: Date.now,
      emit: (facts) => void said.push(...facts),
      memory: { get: async () => undefined, set: async () => {} },
      log: () => {},
    },
  )
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
const names = (listing: Listing | undefined) =>
  listing?.resources.map(({ kind, external_id }) => `${kind} ${external_id}`)

test('locations, nodes and servers are one listing', async () => {
  const { listing, error } = await tick()
  expect(error).toBeUndefined()
  expect(listing?.complete).toBe(true)
  expect(names(listing)).toEqual(['site 1', 'host 1', 'host 2', 'game_server 1', 'game_server 2', 'game_server 3'])
})

test('one server that is not as documented hides no other, and the listing ends nothing', async () => {
  panel.lists['servers']!.set(2, server(2, 'odd', { limits: null }))
  const { listing, error } = await tick()
  expect(error).toMatchObject({ code: 'bad_answer' })
  expect(error?.message).toContain('the server 2: not as documented at limits')
  expect(listing?.complete).toBe(false)
  expect(names(listing)).toEqual(['site 1', 'host 1', 'host 2', 'game_server 1', 'game_server 3'])
})

test('a row without its number hides no other, and the listing ends nothing', async () => {
  panel.lists['servers']!.set(2, { ...server(2, 'odd'), id: null as unknown as number })
  const { listing, error } = await tick()
  expect(error?.message).toContain('a row of the list of servers: not as documented at attributes.id')
  expect(listing?.complete).toBe(false)
  expect(names(listing)).toEqual(['site 1', 'host 1', 'host 2', 'game_server 1', 'game_server 3'])
})

test('Pelican has no locations: its nodes and servers are all that there is; elsewhere they lack', async () => {
  delete (panel.lists as Record<string, unknown>)['locations']
  const lacking = await tick()
  expect(lacking.error).toMatchObject({ code: 'bad_answer', message: expect.stringContaining('locations answers 404') })
  expect(lacking.listing?.complete).toBe(false)
  for (const id of [1, 2]) {
    const { location_id: _location_id, ...rest } = node(id)
    panel.lists['nodes']!.set(id, { ...rest, cpu: 0, cpu_overallocate: 0, tags: [] })
  }
  const { listing, error } = await tick()
  expect(error).toBeUndefined()
  expect(listing?.complete).toBe(true)
  expect(names(listing)).toEqual(['host 1', 'host 2', 'game_server 1', 'game_server 2', 'game_server 3'])
  expect(listing?.resources[0]).not.toHaveProperty('parent')
})

test.each([
  ['nodes', 'Nodes', ['site 1', 'game_server 1', 'game_server 2', 'game_server 3']],
  ['servers', 'Servers', ['site 1', 'host 1', 'host 2']],
  ['users', 'Users', ['site 1', 'host 1', 'host 2']],
] as const)('without the right to read %s it is named, and the rest is told', async (right, word, rest) => {
  panel.rights.delete(right)
  const { listing, error } = await tick()
  expect(error).toMatchObject({ code: 'refused' })
  expect(error?.remedy).toContain(word)
  expect(listing?.complete).toBe(false)
  expect(names(listing)).toEqual(rest)
})

test('without the right to read allocations servers are told without addresses', async () => {
  panel.rights.delete('allocations')
  const { listing, error } = await tick()
  expect(error).toBeUndefined()
  expect(listing?.resources.at(-1)?.attributes).not.toHaveProperty('address')
})

test('an address that is not the panel’s is told as that', async () => {
  const { error } = await tick({ url: `${panel.url}/elsewhere/` })
  expect(error).toMatchObject({ code: 'bad_answer' })
  expect(error?.remedy).toContain('the address')
  await expect(tick({ url: 'https://user:word@panel.test' })).rejects.toMatchObject({ code: 'bad_settings' })
})

test('every server of several pages is told', async () => {
  furnish(panel, 450)
  const { listing } = await tick()
  expect(listing?.resources.filter(({ kind }) => kind === 'game_server')).toHaveLength(450)
})
