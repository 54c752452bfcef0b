/** Every route of the application: patterns for the router, builders for links. */
import type { AuditFilter } from '#control-plane/audit/contract.ts'
import type { ResourceQuery } from '#control-plane/inventory/contract.ts'

export const ROUTES = {
  overview: '/',
  signIn: '/sign-in',
  forgotten: '/forgotten-password',
  reset: '/reset-password',
  acceptInvitation: '/accept-invitation',
  confirmEmail: '/confirm-email',
  firstOwner: '/first-owner',
  resources: '/resources',
  ownership: '/resources/ownership',
  topology: '/resources/topology',
  hardware: '/resources/hardware',
  racks: '/resources/hardware/racks',
  resource: '/resources/:id',
  reconciliation: '/reconciliation',
  agents: '/agents',
  sources: '/agents/sources',
  source: '/agents/sources/:id',
  rollouts: '/agents/roll-outs',
  quarantine: '/agents/quarantine',
  accounting: '/agents/accounting',
  prices: '/prices',
  plans: '/plans',
  plan: '/plans/:id',
  coupons: '/coupons',
  costs: '/prices/costs',
  priceIndexes: '/prices/indexes',
  margins: '/invoices/margins',
  idle: '/invoices/margins/idle',
  recalculation: '/prices/recalculation',
  priceChanges: '/prices/changes',
  priceChange: '/prices/changes/:id',
  whatIf: '/prices/what-ifs/:id',
  invoices: '/invoices',
  draft: '/invoices/drafts/:account',
  closes: '/invoices/months',
  mails: '/invoices/mails',
  queues: '/invoices/queues',
  close: '/invoices/months/:id',
  reRating: '/invoices/re-ratings/:account',
  invoice: '/invoices/:id',
  accounts: '/accounts',
  services: '/accounts/:account/services',
  myServices: '/services',
  audit: '/audit',
  usage: '/usage',
  settings: '/settings',
  profile: '/settings/profile',
  people: '/settings/people',
} as const

export type ResourceFilter = Partial<
  Pick<
    ResourceQuery,
    | 'kind'
    | 'state'
    | 'q'
    | 'account_id'
    | 'project_id'
    | 'source_id'
    | 'host_id'
    | 'usage_state'
    | 'ended'
    | 'covered'
    | 'sort'
    | 'order'
  >
>

export const paths = {
  ...ROUTES,
  resources: (filter: ResourceFilter = {}) => {
    const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value))
    return query.size ? `${ROUTES.resources}?${query}` : ROUTES.resources
  },
  audit: (filter: Partial<AuditFilter> = {}) => {
    const query = new URLSearchParams(Object.entries(filter).filter(([, value]) => value))
    return query.size ? `${ROUTES.audit}?${query}` : ROUTES.audit
  },
  margins: (asked: Record<string, string> = {}) => {
    const query = new URLSearchParams(asked)
    return query.size ? `${ROUTES.margins}?${query}` : ROUTES.margins
  },
  source: (id: string) => `/agents/sources/${id}`,
  resource: (id: string) => `/resources/${id}`,
  topology: (at?: string) => (at ? `${ROUTES.topology}?at=${at}` : ROUTES.topology),
  rack: (id: string) => `${ROUTES.racks}?rack=${id}`,
  draft: (account: string) => `/invoices/drafts/${account}`,
  priceChange: (id: string) => `/prices/changes/${id}`,
  whatIf: (id: string) => `/prices/what-ifs/${id}`,
  close: (id: string) => `/invoices/months/${id}`,
  reRating: (account: string) => `/invoices/re-ratings/${account}`,
  invoice: (id: string) => `/invoices/${id}`,
  plan: (id: string) => `/plans/${id}`,
  services: (account: string) => `/accounts/${account}/services`,
  signIn: (next?: string, ended?: 'idle') => {
    const query = new URLSearchParams({ ...(next && next !== '/' ? { next } : {}), ...(ended ? { ended } : {}) })
    return query.size ? `/sign-in?${query}` : '/sign-in'
  },
  /** outside the application: served by the control plane */
  apiReference: '/api/reference',
}
