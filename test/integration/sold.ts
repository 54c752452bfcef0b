/** A plan that is yet to be published, one that is sold, and a service of it with a machine. */
import type { Call } from './http.ts'

export interface Sold {
  drawn_up: string
  plan: string
  service: string
  attachment: string
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
  return { drawn_up, plan, service, attachment: (resources as { id: string }[])[0]!.id }
}

/** What is sent to each route of plans and services, with another machine of the account. */
export const bodiesOfSold = (known: () => [Sold, string]): Record<string, () => unknown> => ({
  '/plans': () => ({ name: { en: 'Created once', es: 'Una vez' }, product_kind: 'other' }),
  '/plans/{id}/publication': () => ({}),
  '/accounts/{id}/services': () => ({ plan_id: known()[0].plan }),
  '/services/{id}/changes': () => ({ quantity: 2 }),
  '/services/{id}/resources': () => ({ resource_id: known()[1] }),
  '/services/{id}/resources/{attachment}/end': () => ({}),
  '/services/{id}/cancellation': () => ({ at: 'now' }),
  '/plans/{id}/retirement': () => ({}),
})

/** What `{id}` is in the routes of plans and services. */
export const idsOfSold = ({ drawn_up, plan, service }: Sold, path: string): Record<string, string> => ({
  plans: path.endsWith('publication') ? drawn_up : plan,
  services: service,
})
