/** Plans and services from a published plan to proven invoices and notes: fees, changes at an instant, trials, metered components, what fulfils a service. */
import { Big } from 'big.js'
import { sql } from 'drizzle-orm'
import type { z } from 'zod'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newId } from '#control-plane/base/id.ts'
import { HOUR_MS, iso } from '#control-plane/base/time.ts'
import { verify } from '#control-plane/billing/index.ts'
import type { Draft, Explanation, Invoice, ReRating, ServicePreview } from '#control-plane/billing/contract.ts'
import type { Plan } from '#control-plane/catalog/contract.ts'
import { openAccount } from '#control-plane/contracts/index.ts'
import type { Subscription } from '#control-plane/contracts/contract.ts'
import type { Line } from '#control-plane/rating/contract.ts'
import { Suite } from '../setup/stack.ts'
import { enrolledAgent, vm } from './agent.ts'
import { type Call, apiOf } from './http.ts'
import { draftOf, market, resourceId, sell, settled } from './ledger.ts'
import type { Prepared } from './prepared.ts'

const NOW = Date.parse('2026-12-05T10:00:00.000Z')
// in Madrid November begins at 23:00 of the day before
const NOVEMBER = { from: Date.parse('2026-10-31T23:00:00Z'), to: Date.parse('2026-11-30T23:00:00Z') }
const NOVEMBER_MS = NOVEMBER.to - NOVEMBER.from
let suite: Suite
let world: Prepared
let call: Call

beforeAll(async () => {
  suite = new Suite()
  world = await market(suite, iso(NOW))
  call = await apiOf(suite, world)
  await sell(world, { meter: 'vcpu', amount: '0.05', effective_at: '2026-11-01T00:00:00Z', correction: true, reason: 'first' })
}, 60_000)
afterAll(() => suite.end())

const asked = async <T>(method: string, path: string, body?: unknown, status = 0): Promise<T> => {
  const answer = await call(method, path, body, method === 'POST' ? { 'idempotency-key': newId() } : {})
  if (status === 0) expect([answer.status, answer.text]).toEqual([expect.toBeOneOf([200, 201]), answer.text])
  else expect([answer.status, answer.text]).toEqual([status, answer.text])
  return answer.body as T
}
interface Component {
  kind?: string
  meter?: string
  model?: string
  per?: string
  unit?: string
  amount?: string
  terms?: unknown
}
/** A published plan with these prices since the autumn. */
async function planned(name: string, components: Component[], more: object = {}): Promise<Plan> {
  const plan = await asked<Plan>('POST', '/plans', { name: { en: name, es: `${name} (es)` }, product_kind: 'vm', ...more })
  for (const one of components)
    await asked('POST', '/prices', {
      kind: 'service',
      meter: 'fee',
      model: 'per_unit',
      per: 'month',
      unit: 'service',
      ...one,
      price_book_id: plan.price_book_id,
      effective_at: '2026-09-01T00:00:00Z',
      correction: true,
      reason: 'since the autumn',
    })
  return asked<Plan>('POST', `/plans/${plan.id}/publication`, {})
}
/** A customer since October. */
const customer = async (): Promise<string> =>
  (
    await world.run((ctx) =>
      openAccount(ctx, { name: newId(), tax_id: '', email: '', contract_from: iso(NOVEMBER.from) }),
    )
  ).id
const past = { correction: true, reason: 'agreed by telephone' }
const subscribed = (account_id: string, plan: Plan, from: number, more: object = {}) =>
  asked<Subscription>('POST', `/accounts/${account_id}/services`, { plan_id: plan.id, from: iso(from), ...past, ...more })
const changed = (id: string, at: number, to: object) =>
  asked<Subscription>('POST', `/services/${id}/changes`, { at: iso(at), ...past, ...to })
const issued = (account_id: string, to = NOVEMBER.to) =>
  asked<z.infer<typeof Invoice>>('POST', '/invoices', { account_id, to: iso(to) })
const nets = (lines: readonly Line[]) => lines.map((line) => [line.resource.name, line.component, line.net])
const findings = async () => (await world.run(verify)).findings
/** An amount for a part of November, by hand. */
const share = (amount: string, from: number, to: number) =>
  new Big(amount).times(to - from).div(NOVEMBER_MS).toFixed(2, Big.roundHalfUp)

test('a fee stands on the draft and the invoice, is proven and explained', async () => {
  const plan = await planned('Small', [{ amount: '30' }, { meter: 'setup', per: 'quantity', amount: '12.5' }])
  const account_id = await customer()
  const from = Date.parse('2026-11-10T13:30:00Z')
  const service = await subscribed(account_id, plan, from, { quantity: 3 })
  expect(service).toMatchObject({ state: 'active', quantity: 3, plan: { id: plan.id, name: plan.name }, to: null })
  const draft = await asked<Draft>('GET', `/accounts/${account_id}/draft?as_of=${iso(NOVEMBER.to)}`)
  const due = [
    ['Small', 'service.fee', share('90', from, NOVEMBER.to)],
    ['Small', 'service.setup', '37.50'],
  ]
  expect(nets(draft.lines)).toEqual(due)
  expect(draft.lines[0]).toMatchObject({ service_id: service.id, resource: { id: service.id, kind: 'service' }, plan: { id: plan.id } })
  const invoice = await issued(account_id)
  expect(nets(invoice.lines)).toEqual(due)
  const { segments } = await asked<z.infer<typeof Explanation>>('GET', `/invoices/${invoice.id}/lines/${invoice.lines[0]!.id}/explanation`)
  expect(segments).toMatchObject([
    { from: iso(from), to: iso(NOVEMBER.to), service: { version_id: service.versions[0]!.id, quantity: 3, plan: { name: plan.name } } },
  ])
  expect(await findings()).toEqual([])
})
