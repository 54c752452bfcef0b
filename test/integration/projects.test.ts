/** Projects of an account: opened, named, filled, closed; and what they bear adds up to the bill. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { Suite } from '../setup/stack.ts'
import { type Divided, divided, END } from './divided.ts'
import { settled } from './ledger.ts'
import { masked, NEVER, NOWHERE } from './tenant-routes.ts'

let suite: Suite
let stage: Divided
let world: Divided['world']
let call: Divided['call']
let get: Divided['get']
let account: string
let project: Divided['project']
let machine: Divided['machine']
let as: Divided['as']
let open: Divided['open']
let move: Divided['move']
let other: string

beforeAll(async () => {
  suite = new Suite()
  stage = await divided(suite)
  ;({ world, call, get, account, project, machine } = stage)
  ;({ as, open, move, other } = stage)
}, 120_000)
afterAll(() => suite.end())

test('names are unique among the open projects of an account, in whatever case', async () => {
  const again = await call('POST', `/accounts/${account}/projects`, { name: 'project p' })
  expect([again.status, again.body['errors']]).toEqual([409, [{ pointer: '/name', detail: 'is taken' }]])
  expect((await call('PATCH', `/projects/${project['q']}`, { name: 'PROJECT P' })).status).toBe(409)
  // of another account it is another name
  const elsewhere = await open(other, 'Project P')
  const renamed = await call('PATCH', `/projects/${elsewhere}`, { name: 'Project R' })
  expect(renamed.body).toMatchObject({ name: 'Project R', closed_at: null })
  const at_once = await Promise.all(
    Array.from({ length: 8 }, () => call('POST', `/accounts/${account}/projects`, { name: 'Once' })),
  )
  expect(at_once.map(({ status }) => status).toSorted()).toEqual([201, ...Array<number>(7).fill(409)])
})

test('a project is closed when it is empty, or with where its resources go; nothing is put into it afterwards', async () => {
  const [from, to] = [await open(account, 'From'), await open(account, 'To')]
  expect((await move(machine['none']!, from, world.clock.now)).status).toBe(201)
  const close = (id: string, body: object, who?: string) =>
    call('POST', `/projects/${id}/closure`, body, who === undefined ? {} : as(who))
  const full = await close(from, {})
  expect([full.status, full.body['errors'][0].pointer]).toEqual([409, '/move_to'])
  expect((await close(from, { move_to: from })).status).toBe(422)
  expect((await close(from, { move_to: project['foreign'] })).status).toBe(422)
  // an owner of the account closes what is empty; moving is for who may assign
  expect((await close(from, { move_to: to }, 'whole')).status).toBe(403)
  world.clock.now += 60_000
  const planned = world.clock.now + HOUR_MS
  await move(machine['none']!, null, planned)
  expect((await close(from, { move_to: to })).body['detail']).toContain('planned')
  await move(machine['none']!, from, world.clock.now, 'not after all')
  const closed = await close(from, { move_to: to, reason: 'merged' })
  expect(closed.body, closed.text).toMatchObject({ name: 'From', closed_at: iso(world.clock.now) })
  expect((await get('whole', `/resources/${machine['none']}`)).body['owner']).toMatchObject({ project_id: to })
  world.clock.now += 60_000
  expect((await move(machine['none']!, from, world.clock.now)).body['errors'][0].pointer).toBe('/project_id')
  expect((await close(from, {})).status).toBe(409)
  expect((await close(to, { move_to: null })).status).toBe(200)
  expect((await get('whole', `/resources/${machine['none']}`)).body['owner']).toMatchObject({ project_id: null })
  // its name is free again
  expect((await close(await open(account, 'From'), {}, 'whole')).status).toBe(200)
  world.clock.now = END
})

test('a move that was planned is shown when its time has come', async () => {
  const soon = world.clock.now + HOUR_MS
  const id = machine['foreign']!
  const plan = { account_id: other, project_id: null, effective_at: iso(soon) }
  expect((await call('POST', `/resources/${id}/assignments`, plan)).status).toBe(201)
  const owner = async () => (await call('GET', `/resources/${id}`)).body['owner'].project_id
  await settled(world)
  expect(await owner()).toBe(project['foreign'])
  world.clock.now = soon + 1
  await settled(world)
  expect(await owner()).toBeNull()
  world.clock.now = END
})

test('what the projects bear adds up to the bill, with what is in none', async () => {
  const { by_project, totals, lines } = (await get('whole', `/accounts/${account}/draft`)).body as Draft
  const cents = (text: string) => Math.round(Number(text) * 100)
  const sum = (all: string[]) => all.reduce((total, one) => total + cents(one), 0)
  expect(by_project.map((one) => one.project?.name ?? null)).toEqual(['Project P', 'Project Q', null])
  expect(sum(by_project.map(({ net }) => net))).toBe(cents(totals.net))
  for (const { net, lines: borne } of by_project) expect(sum(borne.map((one) => one.net))).toBe(cents(net))
  for (const line of lines) {
    const parts = by_project.flatMap(({ lines: borne }) => borne.filter((one) => one.line_id === line.id))
    expect([line.id, sum(parts.map((one) => one.net))]).toEqual([line.id, cents(line.net)])
    expect([line.resource.name, parts.length]).toEqual([line.resource.name, line.resource.name === 'moved' ? 2 : 1])
  }
  expect(by_project.every(({ net }) => cents(net) > 0)).toBe(true)
})
interface Draft {
  by_project: { project: { name: string } | null; net: string; lines: { line_id: string; net: string }[] }[]
  totals: { net: string }
  lines: { id: string; net: string; resource: { name: string } }[]
}

type Usage = { days: { date: string; items: { component: string; quantity: string; amount: string | null }[] }[] }
const quantities = async (who: string, query = '') => {
  const { status, body } = await get(who, `/accounts/${account}/usage?month=2026-11${query}`)
  expect(status).toBe(200)
  const out: Record<string, bigint> = {}
  for (const { items } of (body as unknown as Usage).days)
    for (const { component, quantity, amount } of items) {
      const add = (key: string, text: string) => {
        const [whole = '0', decimals = ''] = text.split('.')
        out[key] = (out[key] ?? 0n) + BigInt(whole + decimals.padEnd(6, '0'))
      }
      add(component, quantity)
      if (amount !== null) add(`${component}, amount`, amount)
    }
  return out
}

test('usage by project adds up to that of the account, whoever asks', async () => {
  const whole = await quantities('whole')
  const parts = await Promise.all(
    [project['p'], project['q'], 'none'].map((id) => quantities('whole', `&project_id=${id}`)),
  )
  expect(Object.keys(whole)).toHaveLength(4)
  for (const [key, total] of Object.entries(whole)) {
    const added = parts.reduce((sum, part) => sum + (part[key] ?? 0n), 0n)
    // each part is shown with six decimals
    expect([key, added - total <= 3n && total - added <= 3n]).toEqual([key, true])
  }
  const [of_p, of_q] = [await quantities('p'), await quantities('q')]
  const plain = (one: Record<string, bigint>) =>
    Object.fromEntries(Object.entries(one).filter(([key]) => !key.includes(',')))
  expect(of_p).toEqual(plain(parts[0]!))
  expect(of_q).toEqual(plain(parts[1]!))
  expect(await quantities('p', '&project_id=none')).toEqual({})
  const [foreign, never] = [project['q']!, NOWHERE].map((id) =>
    get('p', `/accounts/${account}/usage?month=2026-11&project_id=${id}`),
  )
  const [theirs, none] = [await foreign!, await never!]
  expect(theirs.status).toBe(404)
  expect(masked(theirs, { ...NEVER, project_id: project['q']! })).toEqual(masked(none, NEVER))
})

test('lists are filtered by project', async () => {
  const names = async (who: string, query: string) =>
    (await get(who, `/resources?${query}`)).body['items'].map((one: { name: string }) => one.name)
  expect(await names('whole', `project_id=${project['p']}`)).toEqual(['p'])
  expect(await names('whole', `project_id=${project['q']}`)).toEqual(['moved', 'q'])
  expect(await names('whole', 'project_id=none')).toEqual(['none'])
  expect(await names('p', '')).toEqual(['p'])
  expect(await names('q', '')).toEqual(['moved', 'q'])
  expect(await names('q', `project_id=${project['p']}`)).toEqual([])
  expect((await get('p', '/resources/summary')).body['by_kind']).toEqual([expect.objectContaining({ total: 1 })])
  expect((await get('p', '/resources.csv')).text.trim().split('\r\n')).toHaveLength(2)
  expect((await get('p', '/accounts')).body['items'][0].projects).toEqual([
    { id: project['p'], name: 'Project P', closed_at: null },
  ])
})
