/** A plan that is yet to be published, one that is sold, and a service of it with a machine; a negotiated book, and one that is had; a price index. */
import type { Call } from './http.ts'

export interface Sold {
  drawn_up: string
  plan: string
  service: string
  attachment: string
  book: string
  held: string
  index: string
}
export async function soldIn(call: Call, account_id: string, resource_id: string): Promise<Sold> {
  const make = async (path: string, body: unknown) => (await call('POST', path, body)).body
  const drawn = async () => {
    const { id, price_book_id } = await make('/plans', { name: { en: 'A', es: 'A' }, product_kind: 'vm' })
    const fee = { kind: 'service', meter: 'fee', model: 'per_unit', per: 'month', unit: 'service', amount: '9' }
    await make('/prices', { ...fee, price_book_id })
    return id as string
  }
  const [drawn_up, plan] = [await drawn(), await drawn()]
  await make(`/plans/${plan}/publication`, {})
  const service = (await make(`/accounts/${account_id}/services`, { plan_id: plan }))['id'] as string
  const { resources } = await make(`/services/${service}/resources`, { resource_id })
  const [book, group] = [
    await make('/price-books', { name: 'A', negotiated_for: 'customer' }),
    await make('/price-books', { name: 'B', negotiated_for: 'group' }),
  ]
  const held = await make(`/accounts/${account_id}/price-books`, { price_book_id: group['id'] })
  const index = await make('/price-indexes', { name: 'SOLD', currency: 'EUR', unit: 'MWh' })
  return {
    drawn_up,
    plan,
    service,
    attachment: (resources as { id: string }[])[0]!.id,
    book: book['id'] as string,
    held: held['id'] as string,
    index: index['id'] as string,
  }
}

/** What is sent to each route of plans, services, negotiated books and indexes, with another machine of the account. */
export const bodiesOfSold = (known: () => [Sold, string]): Record<string, () => unknown> => ({
  '/plans': () => ({ name: { en: 'Created once', es: 'Una vez' }, product_kind: 'other' }),
  '/plans/{id}/publication': () => ({}),
  '/accounts/{id}/services': () => ({ plan_id: known()[0].plan }),
  '/services/{id}/changes': () => ({ quantity: 2 }),
  '/services/{id}/resources': () => ({ resource_id: known()[1] }),
  '/services/{id}/resources/{attachment}/end': () => ({}),
  '/services/{id}/suspension': () => ({ reason: 'told once' }),
  '/services/{id}/suspension/end': () => ({}),
  '/services/{id}/cancellation': () => ({ at: 'now' }),
  '/plans/{id}/retirement': () => ({}),
  '/price-indexes/{id}/values': () => ({ values: [{ from: new Date(nextHour()).toISOString(), amount: '1' }] }),
  '/price-books': () => ({ name: 'Created once', negotiated_for: 'group' }),
  '/accounts/{id}/price-books': () => ({ price_book_id: known()[0].book }),
  '/book-assignments/{id}/end': () => ({}),
})

/** A value of its own for each request. */
let published = Date.parse('2030-01-01T00:00:00.000Z')
const nextHour = (): number => (published += 3_600_000)

/** What `{id}` is in the routes of plans, services, negotiated books and indexes. */
export const idsOfSold = ({ drawn_up, plan, service, held, index }: Sold, path: string): Record<string, string> => ({
  plans: path.endsWith('publication') ? drawn_up : plan,
  services: service,
  'book-assignments': held,
  'price-indexes': index,
})
