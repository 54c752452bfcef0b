/** Every query of the application: its key, its function, and which keys an event makes stale. */
import { infiniteQueryOptions, keepPreviousData, QueryCache, QueryClient, queryOptions } from '@tanstack/solid-query'
import { createSignal } from 'solid-js'
import { api, type PriceChange, type RecalculationQuery } from './api.ts'
import { ApiError } from './problem.ts'

const RETRIES = 2
/** what failed for want of an answer is asked again until it has one */
const KEEP_TRYING_MS = 5_000
const [refreshFailedAt, setRefreshFailedAt] = createSignal<number | null>(null)
/** When a refresh last failed for want of an answer, and none has succeeded since. */
export { refreshFailedAt }

const isOutage = (error: unknown) => error instanceof ApiError && (error.status === 0 || error.status >= 500)

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onSuccess: () => setRefreshFailedAt(null),
    onError: (error, query) => {
      if (isOutage(error)) setRefreshFailedAt((since) => since ?? Date.now())
      if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== 'session')
        void queryClient.invalidateQueries({ queryKey: ['session'] })
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      reconcile: 'id',
      refetchOnWindowFocus: false,
      retry: (count, error) => count < RETRIES && isOutage(error),
      retryDelay: (attempt) => 500 * 2 ** attempt,
      refetchInterval: (query) => (isOutage(query.state.error) ? KEEP_TRYING_MS : false),
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

export type ResourceValues = Record<string, string | undefined>
export type AuditValues = Partial<
  Record<'actor' | 'type' | 'subject_kind' | 'subject_id' | 'account_id' | 'from' | 'to', string>
>
const PAGE_SIZE = 100
const CLOSING_MS = 1_000
const SEALING_MS = 2_000

const MOVING_MS = 2_000
const isMoving = ({ items }: { items: { state: string }[] }): boolean =>
  items.some(({ state }) => state === 'queued' || state === 'sending')

/** A queue, a page after the other. */
const queue = <T>(
  queryKey: string[],
  ask: (query: { cursor: string; limit: number }, signal: AbortSignal) => Promise<T & { next_cursor: string | null }>,
) =>
  infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => ask({ cursor: pageParam, limit: PAGE_SIZE }, signal),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    reconcile: false as const,
  })

export const queries = {
  session: () => queryOptions({ queryKey: ['session'], queryFn: api.session, staleTime: 300_000, retry: false }),
  signInOptions: () =>
    queryOptions({ queryKey: ['sign-in-options'], queryFn: api.signInOptions, staleTime: 300_000, retry: false }),
  people: () => queryOptions({ queryKey: ['people'], queryFn: api.people }),
  roles: () => queryOptions({ queryKey: ['roles'], queryFn: api.roles }),
  invitations: () => queryOptions({ queryKey: ['invitations'], queryFn: api.invitations }),
  /** null: oneself. Asked anew each time: it must not tell of what was. */
  erasure: (person: string | null) =>
    queryOptions({ queryKey: ['erasure', person], queryFn: () => api.erasure(person), staleTime: 0, gcTime: 0 }),
  profile: () => queryOptions({ queryKey: ['profile'], queryFn: api.profile }),
  ssoProviders: () => queryOptions({ queryKey: ['sso-providers'], queryFn: api.ssoProviders }),
  sessionSettings: () => queryOptions({ queryKey: ['session-settings'], queryFn: api.sessionSettings }),
  apiKeys: () => queryOptions({ queryKey: ['api-keys'], queryFn: api.apiKeys }),
  legalEntities: () => queryOptions({ queryKey: ['legal-entities'], queryFn: api.legalEntities }),
  taxSetting: (id: string) =>
    queryOptions({ queryKey: ['tax', id], queryFn: () => api.taxSetting(id), reconcile: false as const }),
  usualRates: () =>
    queryOptions({
      queryKey: ['tax', 'usual'],
      queryFn: api.usualRates,
      staleTime: Number.POSITIVE_INFINITY,
      reconcile: false as const,
    }),
  vatStatus: (account: string) => queryOptions({ queryKey: ['vat', account], queryFn: () => api.vatStatus(account) }),
  coupons: () => queryOptions({ queryKey: ['coupons', 'list'], queryFn: api.coupons }),
  couponRedemptions: (id: string) =>
    queryOptions({ queryKey: ['coupons', id, 'redemptions'], queryFn: () => api.couponRedemptions(id) }),
  redemptions: (account: string) =>
    queryOptions({ queryKey: ['coupons', 'of', account], queryFn: () => api.redemptions(account) }),
  accounts: () => queryOptions({ queryKey: ['accounts'], queryFn: api.accounts }),
  agents: () => queryOptions({ queryKey: ['agents'], queryFn: api.agents }),
  agentUpdates: () => queryOptions({ queryKey: ['agent-updates'], queryFn: api.agentUpdates, reconcile: 'agent_id' }),
  releases: () => queryOptions({ queryKey: ['releases'], queryFn: api.releases }),
  rollouts: () => queryOptions({ queryKey: ['rollouts'], queryFn: api.rollouts }),
  connectors: () => queryOptions({ queryKey: ['connectors'], queryFn: api.connectors }),
  sources: () => queryOptions({ queryKey: ['sources'], queryFn: api.sources }),
  source: (id: string) => queryOptions({ queryKey: ['sources', id], queryFn: () => api.source(id) }),
  sourceVersions: (id: string) =>
    queryOptions({ queryKey: ['sources', id, 'versions'], queryFn: () => api.sourceVersions(id) }),
  accounting: (query: { source_id?: string; hours: number }) =>
    queryOptions({
      queryKey: ['accounting', query],
      queryFn: () => api.accounting(query),
      placeholderData: keepPreviousData,
    }),
  quarantine: (limit = 100) =>
    queryOptions({ queryKey: ['quarantine', limit], queryFn: () => api.quarantine({ limit }) }),
  resources: (values: ResourceValues) =>
    infiniteQueryOptions({
      queryKey: ['resources', 'list', values],
      queryFn: ({ pageParam, signal }) => api.resources({ ...values, cursor: pageParam, limit: PAGE_SIZE }, signal),
      initialPageParam: '',
      getNextPageParam: (last) => last.next_cursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
  /** what fulfils services: parts of other things do not */
  ownedBy: (account: string) =>
    queryOptions({
      queryKey: ['resources', 'owned', account],
      queryFn: () =>
        api.resources({
          account_id: account,
          kind: 'vm,container,host,bucket,s3_user,ip,load_balancer,kubernetes_cluster,backup,game_server',
          limit: 500,
          sort: 'name',
        }),
    }),
  foundResources: (q: string) =>
    queryOptions({
      queryKey: ['resources', 'found', q],
      queryFn: ({ signal }) => api.resources({ q, limit: 8, ended: 'all', covered: 'all' }, signal),
      placeholderData: keepPreviousData,
    }),
  /** machines of any kind, seen by whichever eye */
  foundMachines: (q: string) =>
    queryOptions({
      queryKey: ['resources', 'machines', q],
      queryFn: ({ signal }) => api.resources({ q, limit: 12, kind: 'vm,host,container,node', covered: 'all' }, signal),
      placeholderData: keepPreviousData,
    }),
  foundHosts: (q: string) =>
    queryOptions({
      queryKey: ['resources', 'hosts', q],
      queryFn: ({ signal }) => api.resources({ q, limit: 12, kind: 'host' }, signal),
      placeholderData: keepPreviousData,
    }),
  /** cost has no order on the server: the largest by vCPU are asked for, and put in order of cost here */
  largest: () =>
    queryOptions({
      queryKey: ['resources', 'largest'],
      queryFn: () => api.resources({ sort: 'vcpu_count', order: 'desc', limit: 100 }),
    }),
  summary: () => queryOptions({ queryKey: ['resources', 'summary'], queryFn: api.summary }),
  resource: (id: string) => queryOptions({ queryKey: ['resource', id, 'detail'], queryFn: () => api.resource(id) }),
  topology: () => queryOptions({ queryKey: ['resources', 'topology'], queryFn: api.topology }),
  assignmentRules: () =>
    queryOptions({
      queryKey: ['assignment-rules'],
      queryFn: api.assignmentRules,
      // owners follow in the background
      refetchInterval: ({ state }) => (state.data && state.data.pending > 0 ? MOVING_MS : false),
    }),
  assignmentRuleChanges: () => queue(['assignment-rules', 'changes'], (query) => api.assignmentRuleChanges(query)),
  history: (id: string) => queryOptions({ queryKey: ['resource', id, 'history'], queryFn: () => api.history(id) }),
  currentValues: (id: string) =>
    queryOptions({ queryKey: ['resource', id, 'metrics'], queryFn: () => api.currentValues(id) }),
  series: (id: string, range: { from: string; to: string } | { length_ms: number }, points: number) =>
    queryOptions({
      queryKey: ['resource', id, 'series', range, points],
      queryFn: ({ signal }) => {
        const now = Date.now()
        const bounds =
          'from' in range
            ? range
            : { from: new Date(now - range.length_ms).toISOString(), to: new Date(now).toISOString() }
        return api.series(id, { ...bounds, points }, signal)
      },
      placeholderData: keepPreviousData,
      reconcile: false as const,
    }),
  cost: (id: string) => queryOptions({ queryKey: ['resource', id, 'cost'], queryFn: () => api.cost(id) }),
  meters: () => queryOptions({ queryKey: ['meters'], queryFn: api.meters, staleTime: Number.POSITIVE_INFINITY }),
  /** of one of the companies that sell (empty: the first), or of a price book */
  prices: (seller = '', book = '') =>
    queryOptions({ queryKey: ['prices', 'history', seller, book], queryFn: () => api.prices(true, seller, book) }),
  margins: (asked: Record<string, string | undefined>) =>
    queryOptions({
      queryKey: ['margins', asked],
      queryFn: () => api.margins(asked),
      placeholderData: keepPreviousData,
      reconcile: false as const,
    }),
  idleCosts: (asked: Record<string, string | undefined>) =>
    queryOptions({
      queryKey: ['margins', 'idle', asked],
      queryFn: () => api.idleCosts(asked),
      placeholderData: keepPreviousData,
      reconcile: false as const,
    }),
  priceIndexes: () => queryOptions({ queryKey: ['price-indexes', 'list'], queryFn: api.priceIndexes }),
  indexValues: (id: string, from: string, to: string) =>
    queryOptions({
      queryKey: ['price-indexes', id, from, to],
      // a month of quarters of an hour
      queryFn: () => api.indexValues(id, { from, to, limit: '3000' }),
      placeholderData: keepPreviousData,
      reconcile: false as const,
    }),
  costBooks: () => queryOptions({ queryKey: ['cost-books'], queryFn: api.costBooks }),
  plans: () => queryOptions({ queryKey: ['plans', 'list'], queryFn: api.plans }),
  plan: (id: string) => queryOptions({ queryKey: ['plans', id], queryFn: () => api.plan(id) }),
  services: (account: string) =>
    queryOptions({ queryKey: ['services', account], queryFn: () => api.services(account) }),
  priceBooks: () => queryOptions({ queryKey: ['prices', 'books'], queryFn: api.priceBooks }),
  holdersOf: (book: string) =>
    queryOptions({ queryKey: ['prices', 'books', book], queryFn: () => api.holdersOf(book) }),
  contracts: (account: string) =>
    queryOptions({ queryKey: ['contracts', account], queryFn: () => api.contracts(account) }),
  booksOf: (account: string) =>
    queryOptions({ queryKey: ['prices', 'books', 'of', account], queryFn: () => api.booksOf(account) }),
  recalculation: (asked: RecalculationQuery) =>
    infiniteQueryOptions({
      queryKey: ['prices', 'recalculation', asked],
      queryFn: ({ pageParam, signal }) =>
        api.previewRecalculation({ ...asked, limit: 100, ...(pageParam && { cursor: pageParam }) }, signal),
      initialPageParam: '',
      getNextPageParam: (last) => last.next_cursor ?? undefined,
      placeholderData: keepPreviousData,
      reconcile: false as const,
      gcTime: 0,
    }),
  priceChanges: (state: PriceChange['state']) =>
    infiniteQueryOptions({
      queryKey: ['price-changes', 'list', state],
      queryFn: ({ pageParam, signal }) => api.priceChanges({ state, cursor: pageParam, limit: 100 }, signal),
      initialPageParam: '',
      getNextPageParam: (last) => last.next_cursor ?? undefined,
    }),
  priceChange: (id: string) => queryOptions({ queryKey: ['price-changes', id], queryFn: () => api.priceChange(id) }),
  decidedPrices: (id: string) =>
    infiniteQueryOptions({
      queryKey: ['price-changes', id, 'prices'],
      queryFn: ({ pageParam, signal }) => api.decidedPrices(id, { cursor: pageParam, limit: 100 }, signal),
      initialPageParam: '',
      getNextPageParam: (last) => last.next_cursor ?? undefined,
    }),
  whatIfs: () => queryOptions({ queryKey: ['what-ifs', 'list'], queryFn: api.whatIfs }),
  whatIf: (id: string) =>
    queryOptions({
      queryKey: ['what-ifs', id],
      queryFn: () => api.whatIf(id),
      // it goes on by itself, and no event tells of each account
      refetchInterval: ({ state }) => (state.data?.state === 'running' ? CLOSING_MS : false),
    }),
  whatIfAccounts: (id: string, values: Record<string, string>) =>
    infiniteQueryOptions({
      queryKey: ['what-ifs', id, 'accounts', values],
      queryFn: ({ pageParam, signal }) => api.whatIfAccounts(id, { ...values, cursor: pageParam, limit: 100 }, signal),
      initialPageParam: '',
      getNextPageParam: (last) => last.next_cursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
  usage: (account: string, month: string, project_id = '') =>
    queryOptions({
      queryKey: ['drafts', 'usage', account, month, project_id],
      queryFn: () => api.usage(account, { month, project_id }),
      staleTime: 60_000,
      placeholderData: keepPreviousData,
    }),
  drafts: () => queryOptions({ queryKey: ['drafts', 'list'], queryFn: api.drafts }),
  draft: (account: string) => queryOptions({ queryKey: ['drafts', account], queryFn: () => api.draft(account) }),
  invoices: (limit = 200) =>
    queryOptions({ queryKey: ['invoices', 'list', limit], queryFn: () => api.invoices({ limit }) }),
  invoice: (id: string) => queryOptions({ queryKey: ['invoices', id], queryFn: () => api.invoice(id) }),
  monthBill: (account: string, month: string) =>
    queryOptions({ queryKey: ['drafts', 'month', account, month], queryFn: () => api.monthBill(account, { month }) }),
  standings: (account: string) =>
    queryOptions({ queryKey: ['limits', 'standings', account], queryFn: () => api.standings(account) }),
  limits: (account: string) =>
    queryOptions({ queryKey: ['limits', 'list', account], queryFn: () => api.limits(account) }),
  closes: () => queryOptions({ queryKey: ['closes', 'list'], queryFn: api.closes }),
  close: (id: string) =>
    queryOptions({
      queryKey: ['closes', id],
      queryFn: () => api.close(id),
      // it goes on by itself, and no event tells of each account
      refetchInterval: ({ state }) =>
        state.data?.state === 'preparing' || state.data?.state === 'finalising' ? CLOSING_MS : false,
    }),
  closing: (id: string, values: Record<string, string | boolean>) =>
    infiniteQueryOptions({
      queryKey: ['closes', id, 'accounts', values],
      queryFn: ({ pageParam, signal }) => api.closing(id, { ...values, cursor: pageParam, limit: 100 }, signal),
      initialPageParam: '',
      getNextPageParam: (last) => last.next_cursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
  mails: (values: Record<string, string>) =>
    infiniteQueryOptions({
      queryKey: ['mails', values],
      queryFn: ({ pageParam, signal }) => api.mails({ ...values, cursor: pageParam, limit: PAGE_SIZE }, signal),
      initialPageParam: '',
      getNextPageParam: (last) => last.next_cursor ?? undefined,
      placeholderData: keepPreviousData,
      // what is on its way arrives within seconds
      refetchInterval: ({ state }) => (state.data?.pages.some(isMoving) ? MOVING_MS : false),
    }),
  charges: (account: string) =>
    queryOptions({ queryKey: ['charges', account], queryFn: () => api.charges(account, { limit: 100 }) }),
  writeOffs: (id: string) =>
    queryOptions({ queryKey: ['invoices', id, 'write-offs'], queryFn: () => api.writeOffs(id) }),
  receivables: () => queryOptions({ queryKey: ['invoices', 'receivables'], queryFn: api.receivables }),
  reconciliation: (asked: Record<string, string>) =>
    queue(['reconciliation', 'list', JSON.stringify(asked)], (query, signal) =>
      api.reconciliation({ ...asked, ...query }, signal),
    ),
  reconciliationSummary: () =>
    queryOptions({ queryKey: ['reconciliation', 'summary'], queryFn: api.reconciliationSummary }),
  queueCounts: () => queryOptions({ queryKey: ['queues', 'counts'], queryFn: api.queueCounts, staleTime: 60_000 }),
  unrated: (sort: string) =>
    queue(['queues', 'unrated', sort], (query, signal) => api.unrated({ ...query, sort }, signal)),
  unowned: (sort: string) =>
    queue(['queues', 'unowned', sort], (query, signal) => api.unowned({ ...query, sort }, signal)),
  stuck: (which: 'parked' | 'blocked', sort: string) =>
    queue(['queues', which, sort], (query, signal) => api.stuck(which, { ...query, sort }, signal)),
  events: (query: { limit: number; subject_id?: string }) =>
    queryOptions({ queryKey: ['events', query], queryFn: () => api.events(query) }),
  audit: (values: AuditValues, limit = 50) =>
    infiniteQueryOptions({
      queryKey: ['audit', values, limit],
      queryFn: ({ pageParam, signal }) => api.audit({ ...values, cursor: pageParam, limit }, signal),
      initialPageParam: '',
      getNextPageParam: (last) => last.next_cursor ?? undefined,
      placeholderData: keepPreviousData,
      // what just happened is sealed within a second, and no event tells of it
      refetchInterval: ({ state }) => (state.data?.pages[0]?.items.some((one) => !one.sealed) ? SEALING_MS : false),
    }),
  notices: () => queryOptions({ queryKey: ['notices'], queryFn: api.notices }),
}

const STALE_AFTER: Record<string, string[]> = {
  resource: ['resources', 'resource', 'drafts'],
  assignment_rules: ['assignment-rules', 'resources', 'resource', 'drafts', 'queues', 'reconciliation'],
  assignment: ['resources', 'resource', 'drafts', 'queues', 'reconciliation'],
  agent: ['agents', 'sources', 'connectors', 'rollouts', 'agent-updates'],
  release: ['releases'],
  rollout: ['rollouts', 'agent-updates'],
  enrolment: ['agents'],
  source: ['sources', 'agents', 'resources'],
  price: ['prices', 'resources', 'resource', 'drafts', 'queues', 'services', 'margins'],
  price_change: ['price-changes', 'prices', 'resources', 'resource', 'drafts'],
  what_if: ['what-ifs'],
  invoice: ['invoices', 'drafts', 'resource', 'coupons', 'charges', 'mails'],
  mail: ['mails', 'invoices', 'queues'],
  charge: ['charges', 'drafts'],
  period_close: ['closes', 'queues'],
  credit_note: ['invoices'],
  debit_note: ['invoices'],
  gap: ['drafts'],
  limit: ['limits', 'resources', 'resource'],
  installation: ['session', 'session-settings'],
  coupon: ['coupons', 'drafts'],
  vat_id: ['vat', 'drafts'],
  account: ['accounts', 'drafts', 'resources', 'resource', 'vat'],
  project: ['accounts', 'drafts', 'resources', 'resource'],
  legal_entity: ['legal-entities', 'drafts', 'tax'],
  quarantine: ['quarantine', 'accounting'],
  notice: [],
  session: ['profile'],
  person: ['people', 'invitations', 'profile'],
  people: ['people', 'invitations'],
  invitation: ['invitations'],
  role: ['roles', 'people', 'invitations', 'api-keys', 'session'],
  totp: ['people', 'profile'],
  passkey: ['profile'],
  password: [],
  sign_in: [],
  recovery_codes: [],
  sso_provider: ['sso-providers'],
  credential: ['api-keys'],
  contract: ['drafts'],
  price_book: ['prices', 'drafts', 'resources', 'resource', 'queues'],
  cost_book: ['cost-books', 'margins'],
  price_index: ['price-indexes', 'drafts', 'queues', 'resources', 'resource'],
  plan: ['plans'],
  part: ['parts'],
  rack: ['racks', 'parts'],
  service: ['services', 'drafts', 'resource', 'resources', 'reconciliation'],
}

/** `price.added` → the first parts of the keys that it makes stale; an unknown type makes everything stale. */
export function staleAfter(eventType: string): string[] {
  const keys = STALE_AFTER[eventType.split('.')[0] ?? '']
  return keys ? [...keys, 'events', 'audit', 'notices'] : ['*']
}
