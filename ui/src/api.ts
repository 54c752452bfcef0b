/** The one door to the control plane: a function for every route, with the shapes of its answers. */
import type { z } from 'zod'
import type * as Accounts from '#control-plane/accounts/contract.ts'
import type * as Audit from '#control-plane/audit/contract.ts'
import type * as Billing from '#control-plane/billing/contract.ts'
import type * as Catalog from '#control-plane/catalog/contract.ts'
import type * as Charges from '#control-plane/charges/contract.ts'
import type * as Closing from '#control-plane/closing/contract.ts'
import type * as Contracts from '#control-plane/contracts/contract.ts'
import type * as Events from '#control-plane/events/contract.ts'
import type { Page } from '#control-plane/http/contract.ts'
import type * as Ingest from '#control-plane/ingest/contract.ts'
import type * as Inventory from '#control-plane/inventory/contract.ts'
import type * as Margin from '#control-plane/margins/contract.ts'
import type * as Mails from '#control-plane/mails/contract.ts'
import type * as Limits from '#control-plane/limits/contract.ts'
import type * as People from '#control-plane/people/contract.ts'
import type * as Metrics from '#control-plane/metrics/contract.ts'
import type * as Promotions from '#control-plane/promotions/contract.ts'
import type * as Queues from '#control-plane/queues/contract.ts'
import type * as Rating from '#control-plane/rating/contract.ts'
import type * as Repricing from '#control-plane/repricing/contract.ts'
import type * as Releases from '#control-plane/releases/contract.ts'
import type * as Settlements from '#control-plane/settlements/contract.ts'
import type * as Sources from '#control-plane/sources/contract.ts'
import type * as Tax from '#control-plane/tax/contract.ts'
import { file, get, make, patch, post, request, upload, type Values } from './request.ts'

interface Items<T> {
  items: T[]
}
export type Account = Accounts.Account
export type PriceBook = Catalog.PriceBook
export type CostBook = Catalog.CostBook
export type Margins = Margin.Margins
export type MarginRow = Margin.MarginRow
export type PriceChange = Repricing.PriceChange
export type NewPriceChange = z.input<typeof Repricing.NewPriceChange>
export type RecalculationQuery = z.input<typeof Repricing.PreviewQuery>
export type RecalculationPreview = Repricing.Preview
export type PreviewedPrice = Repricing.PreviewedPrice
export type DecidedPrice = Repricing.DecidedPrice
export type PriceDecision = z.input<typeof Repricing.NewDecision>
export type RepricingMark = Repricing.Mark
export type WhatIf = Repricing.WhatIf
export type WhatIfResult = Repricing.WhatIfResult
export type WhatIfAccount = Repricing.WhatIfAccount
export type NewAccount = z.input<typeof Accounts.NewAccount>
export type LegalEntity = Accounts.LegalEntity
export type NewLegalEntity = z.input<typeof Accounts.NewLegalEntity>
export type LegalEntityChange = z.input<typeof Accounts.LegalEntityChange>
export type TaxSetting = Tax.TaxSetting
export type VatStatus = Tax.VatStatus
export type Coupon = Promotions.Coupon
export type NewCoupon = z.input<typeof Promotions.NewCoupon>
export type Redemption = Promotions.Redemption
export type MonthBill = Limits.MonthBill
export type Overage = Limits.Overage
export type Standing = Limits.Standing
export type UsageLimit = Limits.UsageLimit
export type Session = People.Session
export type SignedIn = z.infer<typeof People.SignedIn>
export type Member = People.Member
export type ErasurePreview = People.ErasurePreview
export type Invitation = People.Invitation
export type NewInvitation = z.input<typeof People.NewInvitation>
export type Profile = People.Profile
export type SsoProvider = People.SsoProvider
export type NewSsoProvider = z.input<typeof People.NewSsoProvider>
/** what a browser's WebAuthn takes and gives, as JSON */
type Json = Record<string, unknown>
export type Permission = Session['permissions'][number]
export type ApiKey = Accounts.ApiKey
export type Role = ApiKey['role']
export type RoleEntry = Accounts.RoleEntry
export type RoleChoice = z.input<typeof Accounts.RoleChoice>
export type NewApiKey = z.input<typeof Accounts.NewApiKey>
export type Agent = Sources.Agent
export type Source = Sources.Source
export type NewSource = z.input<typeof Sources.NewSource>
export type SourceChange = z.input<typeof Sources.SourceChange>
export type Enrolment = z.infer<typeof Sources.Enrolment>
export type NewEnrolment = z.input<typeof Sources.NewEnrolment>
export type AgentRelease = Releases.AgentRelease
export type SignedRelease = Releases.Signed
export type AgentRollout = Releases.AgentRollout
export type AgentUpdate = Releases.AgentUpdate
export type NewRollout = z.input<typeof Releases.NewRollout>
export type AgentConnector = Sources.OfferedConnector
export type Resource = Inventory.Resource
export type ResourceDetail = Inventory.ResourceDetail
export type Kind = Resource['kind']
export type State = Resource['state']
export type History = z.infer<typeof Inventory.History>
export type NewAssignment = z.input<typeof Inventory.NewAssignment>
export type CurrentValues = z.infer<typeof Metrics.CurrentValues>
export type Series = z.infer<typeof Metrics.Series>
export type MeterDescription = z.infer<typeof Catalog.MeterDescription>
export type MeterName = MeterDescription['name']
export type Price = Catalog.Price
export type PricedKind = Price['kind']
export type Plan = Catalog.Plan
export type NewPlan = z.input<typeof Catalog.NewPlan>
export type Subscription = z.infer<typeof Rating.PricedSubscription>
export type SubscriptionList = Rating.SubscriptionList
export type NewSubscription = z.input<typeof Contracts.NewSubscription>
export type ServiceChange = z.input<typeof Contracts.ServiceChange>
export type Cancellation = z.input<typeof Contracts.Cancellation>
export type ServicePreview = Billing.ServicePreview
export type NewPrice = z.input<typeof Catalog.NewPrice>
export type PeriodClose = Closing.Close
export type ClosingAccount = Closing.ClosingAccount
export type Quote = z.infer<typeof Rating.Quote>
export type DraftSummary = z.infer<typeof Billing.DraftSummary>
export type Draft = Billing.Draft
export type Invoice = Billing.Invoice
export type InvoiceSummary = z.infer<typeof Billing.InvoiceSummary>
export type NewInvoice = z.input<typeof Billing.NewInvoice>
export type Line = Billing.DocumentLine
export type ReRating = Billing.ReRating
export type ReRated = Billing.ReRated
export type OpenDifference = Billing.OpenDifference
export type Explanation = z.infer<typeof Billing.Explanation>
export type Verification = z.infer<typeof Billing.Verification>
export type Accounting = z.infer<typeof Ingest.Accounting>
export type QuarantineItem = z.infer<typeof Ingest.QuarantineItem>
export type PlatformEvent = z.infer<typeof Events.Event>
export type AuditRecord = Audit.AuditRecord
export type AuditVerification = Audit.AuditVerification
export type Notice = z.infer<typeof Events.Notice>
export type Mail = Mails.Mail
export type Charge = Charges.Charge
export type NewCharge = z.input<typeof Charges.NewCharge>
export type WriteOff = Settlements.WriteOff
export type NewWriteOff = Settlements.NewWriteOff
export type QueueCounts = Queues.QueueCounts
export type UnratedUsage = Queues.UnratedUsage
export type UnownedResource = Queues.UnownedResource
export type StuckAccount = Queues.StuckAccount
export type ResourceCost = z.infer<typeof Billing.ResourceCost>
export interface ResourceSummary {
  by_kind: { kind: Kind; total: number; running: number; stopped: number }[]
  unowned: number
}
export type NewSameAs = z.input<typeof Inventory.NewSameAs>
export type AccountUsage = Rating.AccountUsage
export type GapAcceptance = z.input<typeof Rating.NewGapAcceptance>
export type PriceList = z.infer<typeof Catalog.PriceList>
export interface PriceEffect {
  affected_resources: number
  month_to_date_before: string
  month_to_date_after: string
  currency: string
}

export const api = {
  session: () => get<Session>('/session'),
  signIn: (token: string) => post<Session>('/session', { token }),
  signOut: () => request<void>('DELETE', '/session'),
  signInOptions: () => get<z.infer<typeof People.SignInOptions>>('/sign-in/options'),
  signInByPassword: (email: string, password: string) => post<SignedIn>('/sign-in/password', { email, password }),
  signInByCode: (code: string) => post<SignedIn>('/sign-in/totp', { code }),
  passkeyOptions: () => post<Json>('/sign-in/passkey-options', {}),
  signInByPasskey: (response: Json) => post<SignedIn>('/sign-in/passkey', { response }),
  beginSso: (provider_id: string, next: string) => post<{ url: string }>('/sign-in/sso', { provider_id, next }),
  createOwner: (owner: z.input<typeof People.NewOwner>) => post<SignedIn>('/owner', owner),
  askReset: (email: string, language: 'en' | 'es') => post<void>('/password-resets', { email, language }),
  reset: (token: string, password: string) => post<void>('/password-resets/completion', { token, password }),
  confirmEmail: (token: string) => post<void>('/email-confirmations', { token }),

  people: () => get<Items<Member>>('/people'),
  changeRole: (id: string, choice: z.input<typeof People.MemberChange>) => patch<Member>(`/people/${id}`, choice),
  roles: () => get<Items<RoleEntry>>('/roles'),
  makeRole: (role: Accounts.NewCustomRole) => make<RoleEntry>('/roles', role),
  changeCustomRole: (id: string, change: Accounts.CustomRoleChange) => patch<RoleEntry>(`/roles/${id}`, change),
  endRole: (id: string) => request<void>('DELETE', `/roles/${id}`),
  endMembership: (id: string) => request<void>('DELETE', `/people/${id}`),
  erasure: (person: string | null) =>
    get<ErasurePreview>(person === null ? '/me/erasure' : `/people/${person}/erasure`),
  erasePerson: (person: string, reason: string) => post<void>(`/people/${person}/erasure`, { reason }),
  eraseMyself: (password: string) => post<void>('/me/erasure', { password }),
  invitations: () => get<Items<Invitation>>('/invitations'),
  invite: (invitation: NewInvitation) => make<z.infer<typeof People.MadeInvitation>>('/invitations', invitation),
  renewInvitation: (id: string) => post<z.infer<typeof People.MadeInvitation>>(`/invitations/${id}/renewal`, {}),
  revokeInvitation: (id: string) => request<void>('DELETE', `/invitations/${id}`),
  lookUpInvitation: (token: string) => post<z.infer<typeof People.InvitationShown>>('/invitations/lookup', { token }),
  acceptInvitation: (acceptance: z.input<typeof People.Acceptance>) =>
    post<SignedIn>('/invitations/acceptance', acceptance),
  acceptAsMyself: (token: string) => post<void>('/me/memberships', { token }),
  ssoProviders: () => get<Items<SsoProvider>>('/sso-providers'),
  addSsoProvider: (provider: NewSsoProvider) => make<SsoProvider>('/sso-providers', provider),
  removeSsoProvider: (id: string) => request<void>('DELETE', `/sso-providers/${id}`),

  profile: () => get<Profile>('/me'),
  rename: (name: string) => patch<void>('/me', { name }),
  changeEmail: (change: z.input<typeof People.EmailChange>) => post<void>('/me/email', change),
  changePassword: (change: z.input<typeof People.PasswordChange>) => post<void>('/me/password', change),
  startTotp: (password: string) => post<z.infer<typeof People.TotpStart>>('/me/totp', { password }),
  confirmTotp: (code: string) => post<void>('/me/totp/confirmation', { code }),
  stopTotp: (password: string) => post<void>('/me/totp/removal', { password }),
  renewRecoveryCodes: (password: string) =>
    post<z.infer<typeof People.RecoveryCodes>>('/me/recovery-codes', { password }),
  newPasskeyOptions: (password: string) => post<Json>('/me/passkey-options', { password }),
  addPasskey: (name: string, response: Json) => post<void>('/me/passkeys', { name, response }),
  removePasskey: (id: string) => request<void>('DELETE', `/me/passkeys/${id}`),
  revokeSession: (id: string) => request<void>('DELETE', `/me/sessions/${id}`),
  switchMembership: (membership_id: string) => post<void>('/me/membership', { membership_id }),

  apiKeys: () => get<Items<ApiKey>>('/api-keys'),
  makeKey: (key: NewApiKey) => make<{ key: ApiKey; token: string }>('/api-keys', key),
  revokeKey: (id: string) => request<void>('DELETE', `/api-keys/${id}`),
  sessionSettings: () => get<Accounts.SessionSettings>('/session-settings'),
  changeSessionSettings: (change: Partial<Accounts.SessionSettings>) =>
    patch<Accounts.SessionSettings>('/session-settings', change),
  removeDemo: () => request<void>('DELETE', '/demo'),

  legalEntities: () => get<Items<LegalEntity>>('/legal-entities'),
  addLegalEntity: (entity: NewLegalEntity) => make<LegalEntity>('/legal-entities', entity),
  changeLegalEntity: (id: string, change: LegalEntityChange) => patch<LegalEntity>(`/legal-entities/${id}`, change),
  putLogo: (id: string, content: string) =>
    request<LegalEntity>('PUT', `/legal-entities/${id}/logo`, { body: { content } }),
  removeLogo: (id: string) => request<void>('DELETE', `/legal-entities/${id}/logo`),
  taxSetting: (id: string) => get<TaxSetting>(`/legal-entities/${id}/tax`),
  usualRates: () => get<Items<TaxSetting['rates'][number]>>('/tax-rates'),
  changeTaxSetting: (id: string, setting: TaxSetting) =>
    request<TaxSetting>('PUT', `/legal-entities/${id}/tax`, { body: setting }),
  vatStatus: (account: string) => get<VatStatus>(`/accounts/${account}/vat-check`),
  checkVat: (account: string, check: z.input<typeof Tax.NewVatCheck>) =>
    make<VatStatus>(`/accounts/${account}/vat-check`, check),
  coupons: () => get<Page<Coupon>>('/coupons', { limit: 500 }),
  addCoupon: (coupon: NewCoupon) => make<Coupon>('/coupons', coupon),
  changeCoupon: (id: string, state: Coupon['state']) => patch<Coupon>(`/coupons/${id}`, { state }),
  couponRedemptions: (id: string) => get<Items<Redemption>>(`/coupons/${id}/redemptions`),
  redemptions: (account: string) => get<Items<Redemption>>(`/accounts/${account}/redemptions`),
  redeem: (account: string, code: string) => make<Redemption>(`/accounts/${account}/redemptions`, { code }),
  accounts: () => get<Page<Account>>('/accounts', { limit: 500 }),
  account: (id: string) => get<Account>(`/accounts/${id}`),
  openProject: (account: string, name: string) => make<Accounts.Project>(`/accounts/${account}/projects`, { name }),
  renameProject: (id: string, name: string) => patch<Accounts.Project>(`/projects/${id}`, { name }),
  closeProject: (id: string, how: z.input<typeof Inventory.ProjectClosure>) =>
    make<Accounts.Project>(`/projects/${id}/closure`, how),
  addAccount: (account: NewAccount) => make<Account>('/accounts', account),
  impersonate: (accountId: string, reason: string) =>
    post<Accounts.Impersonation>('/impersonation', { account_id: accountId, reason }),
  endImpersonation: () => request<void>('DELETE', '/impersonation'),
  changeAccount: (id: string, change: Partial<NewAccount>) => patch<Account>(`/accounts/${id}`, change),

  agents: () => get<Items<Agent>>('/agents'),
  enrol: (wanted: NewEnrolment) => make<Enrolment>('/enrolments', wanted),
  revokeAgent: (id: string) => request<void>('DELETE', `/agents/${id}`),
  agentUpdates: () => get<Items<AgentUpdate>>('/agents/updates'),
  releases: () => get<Items<AgentRelease>>('/agent-releases'),
  addRelease: (signed: SignedRelease) => post<AgentRelease>('/agent-releases', signed),
  storeRelease: (id: string, file: Blob) => upload<AgentRelease>(`/agent-releases/${id}/file`, file),
  withdrawRelease: (id: string) => request<void>('DELETE', `/agent-releases/${id}`),
  rollouts: () => get<Items<AgentRollout>>('/agent-rollouts'),
  startRollout: (wanted: NewRollout) => post<AgentRollout>('/agent-rollouts', wanted),
  pauseRollout: (id: string, reason: string) => post<void>(`/agent-rollouts/${id}/pause`, { reason }),
  resumeRollout: (id: string) => post<void>(`/agent-rollouts/${id}/resume`, {}),
  rollBack: (id: string, reason: string) => post<void>(`/agent-rollouts/${id}/roll-back`, { reason }),
  connectors: () => get<Items<AgentConnector>>('/connectors'),
  sources: () => get<Items<Source>>('/sources'),
  addSource: (source: NewSource) => make<Source>('/sources', source),
  changeSource: (id: string, change: SourceChange) => patch<Source>(`/sources/${id}`, change),
  removeSource: (id: string) => request<void>('DELETE', `/sources/${id}`),
  accounting: (query: Values) => get<Accounting>('/accounting', query),
  quarantine: (query: Values) => get<Page<QuarantineItem>>('/quarantine', query),

  resources: (query: Values, signal?: AbortSignal) => get<Page<Resource>>('/resources', query, signal),
  resource: (id: string) => get<ResourceDetail>(`/resources/${id}`),
  summary: () => get<ResourceSummary>('/resources/summary'),
  history: (id: string) => get<History>(`/resources/${id}/history`),
  transfer: (id: string, to: NewAssignment) => make<History['assigned'][number]>(`/resources/${id}/assignments`, to),
  sameAs: (id: string, said: NewSameAs) => make<unknown>(`/resources/${id}/same-as`, said),
  withdrawSameAs: (id: string, other: string) => request<void>('DELETE', `/resources/${id}/same-as/${other}`),
  currentValues: (id: string) => get<CurrentValues>(`/resources/${id}/metrics`),
  series: (id: string, query: Values, signal?: AbortSignal) => get<Series>(`/resources/${id}/series`, query, signal),
  cost: (id: string) => get<ResourceCost>(`/resources/${id}/cost`),

  meters: () => get<Items<MeterDescription>>('/meters'),
  prices: (history: boolean, legalEntityId: string, book = '') =>
    get<PriceList>('/prices', { history, legal_entity_id: legalEntityId, price_book_id: book }),
  addPrice: (price: NewPrice) => make<Price>('/prices', price),
  quotePrice: (asked: { price: NewPrice; quantity: string }, signal?: AbortSignal) =>
    post<Quote>('/prices/quote', asked, signal),
  previewPrice: (price: NewPrice, signal?: AbortSignal) => post<PriceEffect>('/prices/preview', price, signal),

  priceBooks: () => get<Items<PriceBook>>('/price-books'),
  previewRecalculation: (query: RecalculationQuery, signal?: AbortSignal) =>
    post<RecalculationPreview>('/price-changes/preview', query, signal),
  recalculationCsv: (query: RecalculationQuery) => file('/price-changes/preview.csv', query),
  priceChanges: (query: Values, signal?: AbortSignal) => get<Page<PriceChange>>('/price-changes', query, signal),
  priceChange: (id: string) => get<PriceChange>(`/price-changes/${id}`),
  addPriceChange: (change: NewPriceChange) => make<PriceChange>('/price-changes', change),
  editPriceChange: (id: string, edit: z.input<typeof Repricing.PriceChangeEdit>) =>
    patch<PriceChange>(`/price-changes/${id}`, edit),
  decidedPrices: (id: string, query: Values, signal?: AbortSignal) =>
    get<Page<DecidedPrice>>(`/price-changes/${id}/prices`, query, signal),
  decidePrice: (id: string, decision: PriceDecision) =>
    request<PriceChange>('PUT', `/price-changes/${id}/prices`, { body: decision }),
  withdrawDecision: (id: string, price: string) => request<void>('DELETE', `/price-changes/${id}/prices/${price}`),
  stepPriceChange: (id: string, step: 'publish' | 'discard') => post<PriceChange>(`/price-changes/${id}/${step}`, {}),
  undoPriceChange: (id: string, undo: z.input<typeof Repricing.Undo>) =>
    make<PriceChange>(`/price-changes/${id}/undo`, undo),
  whatIfs: () => get<Page<WhatIf>>('/what-ifs', { limit: 100 }),
  whatIf: (id: string) => get<WhatIf>(`/what-ifs/${id}`),
  startWhatIf: (asked: z.input<typeof Repricing.NewWhatIf>) => make<WhatIf>('/what-ifs', asked),
  cancelWhatIf: (id: string) => post<WhatIf>(`/what-ifs/${id}/cancel`, {}),
  whatIfAccounts: (id: string, query: Values, signal?: AbortSignal) =>
    get<Page<WhatIfAccount>>(`/what-ifs/${id}/accounts`, query, signal),
  margins: (query: Values) => get<Margins>('/margins', query),
  costBooks: () => get<z.infer<typeof Catalog.CostBookList>>('/cost-books'),
  addCostBook: (book: z.input<typeof Catalog.NewCostBook>) => make<CostBook>('/cost-books', book),
  plans: () => get<Items<Plan>>('/plans'),
  plan: (id: string) => get<Plan>(`/plans/${id}`),
  addPlan: (plan: NewPlan) => make<Plan>('/plans', plan),
  publishPlan: (id: string) => post<Plan>(`/plans/${id}/publication`, {}),
  retirePlan: (id: string) => post<Plan>(`/plans/${id}/retirement`, {}),
  services: (account: string) => get<SubscriptionList>(`/accounts/${account}/services`),
  subscribe: (account: string, wanted: NewSubscription) =>
    make<Contracts.Subscription>(`/accounts/${account}/services`, wanted),
  previewSubscription: (account: string, wanted: NewSubscription, signal?: AbortSignal) =>
    post<ServicePreview>(`/accounts/${account}/services/preview`, wanted, signal),
  changeService: (id: string, change: ServiceChange) => make<Contracts.Subscription>(`/services/${id}/changes`, change),
  previewChange: (id: string, change: ServiceChange, signal?: AbortSignal) =>
    post<ServicePreview>(`/services/${id}/changes/preview`, change, signal),
  cancelService: (id: string, how: Cancellation) => make<Contracts.Subscription>(`/services/${id}/cancellation`, how),
  previewCancellation: (id: string, how: Cancellation, signal?: AbortSignal) =>
    post<ServicePreview>(`/services/${id}/cancellation/preview`, how, signal),
  attachResource: (id: string, resource_id: string) =>
    make<Contracts.Subscription>(`/services/${id}/resources`, { resource_id }),
  detachResource: (id: string, attachment: string) =>
    make<Contracts.Subscription>(`/services/${id}/resources/${attachment}/end`, {}),

  usage: (account: string, query: Values) => get<AccountUsage>(`/accounts/${account}/usage`, query),
  monthBill: (account: string, query: Values) => get<MonthBill>(`/accounts/${account}/bill`, query),
  standings: (account: string) => get<z.infer<typeof Limits.Standings>>(`/accounts/${account}/standings`),
  limits: (account: string) => get<Items<UsageLimit>>(`/accounts/${account}/limits`),
  setLimit: (account: string, limit: Limits.NewUsageLimit) => make<UsageLimit>(`/accounts/${account}/limits`, limit),
  removeLimit: (id: string) => request<void>('DELETE', `/limits/${id}`),
  drafts: () => get<Items<DraftSummary>>('/drafts'),
  draft: (account: string) => get<Draft>(`/accounts/${account}/draft`),
  explainDraftLine: (account: string, line: string, asOf: string) =>
    get<Explanation>(`/accounts/${account}/draft/lines/${encodeURIComponent(line)}/explanation`, { as_of: asOf }),
  acceptGaps: (account: string, accepted: GapAcceptance) => make<void>(`/accounts/${account}/accepted-gaps`, accepted),
  finalise: (invoice: NewInvoice) => make<Invoice>('/invoices', invoice),
  invoices: (query: Values) => get<Page<InvoiceSummary>>('/invoices', query),
  invoice: (id: string) => get<Invoice>(`/invoices/${id}`),
  explainInvoiceLine: (id: string, line: string) =>
    get<Explanation>(`/invoices/${id}/lines/${encodeURIComponent(line)}/explanation`),
  openDifferences: (query: Values) => get<Page<OpenDifference>>('/re-ratings', query),
  reRate: (account: string) => post<ReRating>(`/accounts/${account}/re-rating`, {}),
  issueNotes: (account: string, review: { cut: number; digest: string }) =>
    post<Items<Invoice>>(`/accounts/${account}/notes`, review),
  verify: () => post<Verification>('/verification', {}),

  mails: (query: Values, signal?: AbortSignal) => get<Page<Mail>>('/mails', query, signal),
  sendDocument: (id: string) => make<Items<Mail>>(`/invoices/${id}/mails`, {}),
  confirmArrival: (id: string) => post<Mail>(`/mails/${id}/arrival`, {}),
  mailClose: (id: string) => post<Closing.MailedClose>(`/period-closes/${id}/mails`, {}),
  charges: (account: string, query: Values) => get<Page<Charge>>(`/accounts/${account}/charges`, query),
  addCharge: (account: string, charge: NewCharge) => make<Charge>(`/accounts/${account}/charges`, charge),
  cancelCharge: (id: string, reason: string) => post<Charge>(`/charges/${id}/cancellation`, { reason }),
  invoiceCharges: (account: string, charge_ids: string[]) =>
    make<Invoice>(`/accounts/${account}/one-off-invoices`, { charge_ids }),
  writeOffs: (id: string) => get<Items<WriteOff>>(`/invoices/${id}/write-offs`),
  writeOff: (id: string, input: NewWriteOff) => make<WriteOff>(`/invoices/${id}/write-offs`, input),
  reverseWriteOff: (id: string, reason: string) => post<WriteOff>(`/write-offs/${id}/reversal`, { reason }),
  receivables: () => get<Settlements.Receivables>('/receivables'),
  queueCounts: () => get<QueueCounts>('/queues'),
  unrated: (query: Values, signal?: AbortSignal) => get<Page<UnratedUsage>>('/queues/unrated', query, signal),
  unowned: (query: Values, signal?: AbortSignal) => get<Page<UnownedResource>>('/queues/unowned', query, signal),
  stuck: (which: 'parked' | 'blocked', query: Values, signal?: AbortSignal) =>
    get<Page<StuckAccount>>(`/queues/${which}`, query, signal),

  closes: () => get<Page<PeriodClose>>('/period-closes', { limit: 100 }),
  close: (id: string) => get<PeriodClose>(`/period-closes/${id}`),
  closing: (id: string, query: Values, signal?: AbortSignal) =>
    get<Page<ClosingAccount>>(`/period-closes/${id}/accounts`, query, signal),
  openClose: (close: z.input<typeof Closing.NewClose>) => post<PeriodClose>('/period-closes', close),
  stepClose: (id: string, step: 'review' | 'retry' | 'cancel') => post<PeriodClose>(`/period-closes/${id}/${step}`, {}),
  finaliseClose: (id: string, early: boolean) => post<PeriodClose>(`/period-closes/${id}/finalise`, { early }),
  holdAccount: (id: string, account: string, hold: z.input<typeof Closing.Hold>) =>
    patch<ClosingAccount>(`/period-closes/${id}/accounts/${account}`, hold),

  events: (query: Values) => get<Page<PlatformEvent>>('/events', query),
  audit: (query: Values, signal?: AbortSignal) => get<Page<AuditRecord>>('/audit', query, signal),
  verifyAudit: () => post<AuditVerification>('/audit/verification', {}),
  notices: () => get<Items<Notice>>('/notices', { open: true }),
}
