/** The shapes of what the control plane is asked and answers, by the names that pages use. */
import type { z } from 'zod'
import type * as Accounts from '#control-plane/accounts/contract.ts'
import type * as Audit from '#control-plane/audit/contract.ts'
import type * as Billing from '#control-plane/billing/contract.ts'
import type * as Catalog from '#control-plane/catalog/contract.ts'
import type * as Charges from '#control-plane/charges/contract.ts'
import type * as Closing from '#control-plane/closing/contract.ts'
import type * as Contracts from '#control-plane/contracts/contract.ts'
import type * as Events from '#control-plane/events/contract.ts'
import type * as Indexes from '#control-plane/indexes/contract.ts'
import type * as Ingest from '#control-plane/ingest/contract.ts'
import type * as Inventory from '#control-plane/inventory/contract.ts'
import type * as Margin from '#control-plane/margins/contract.ts'
import type * as Mails from '#control-plane/mails/contract.ts'
import type * as Limits from '#control-plane/limits/contract.ts'
import type * as People from '#control-plane/people/contract.ts'
import type * as Metrics from '#control-plane/metrics/contract.ts'
import type * as Promotions from '#control-plane/promotions/contract.ts'
import type * as Queues from '#control-plane/queues/contract.ts'
import type * as Reconciliation from '#control-plane/reconciliation/contract.ts'
import type * as Rating from '#control-plane/rating/contract.ts'
import type * as Repricing from '#control-plane/repricing/contract.ts'
import type * as Releases from '#control-plane/releases/contract.ts'
import type * as Settlements from '#control-plane/settlements/contract.ts'
import type * as Metering from '#control-plane/metering/contract.ts'
import type * as Sources from '#control-plane/sources/contract.ts'
import type * as Tax from '#control-plane/tax/contract.ts'

export interface Items<T> {
  items: T[]
}
export type Account = Accounts.Account
export type TopologyRealm = Inventory.TopologyRealm
export type TopologyNode = Inventory.TopologyNode
export type AssignmentRule = Inventory.AssignmentRule
export type RuleList = z.infer<typeof Inventory.RuleList>
export type RuleChange = Inventory.RuleChange
export type RulePreview = Inventory.RulePreview
export type NewRuleChange = z.input<typeof Inventory.NewRuleChange>
export type NewRule = Omit<
  Extract<NewRuleChange, { kind: 'create' }>,
  'kind' | 'place' | 'effective_at' | 'reason' | 'based_on'
>
export type PriceBook = Catalog.PriceBook
export type NewPriceBook = z.input<typeof Catalog.NewPriceBook>
export type BookAssignment = Contracts.BookAssignment
export type NewBookAssignment = z.input<typeof Contracts.NewBookAssignment>
export type BookEnd = z.input<typeof Contracts.BookEnd>
export type CostBook = Catalog.CostBook
export type NewPriceList = z.input<typeof Catalog.NewPriceList>
export type PriceListReport = Catalog.PriceListReport
export type PriceIndex = Indexes.PriceIndex
export type NewPriceIndex = z.input<typeof Indexes.NewPriceIndex>
export type IndexValue = Indexes.IndexValue
export type NewIndexValues = z.input<typeof Indexes.NewIndexValues>
export type PublishedValues = Indexes.PublishedValues
export type Margins = Margin.Margins
export type MarginRow = Margin.MarginRow
export type IdleCosts = Margin.IdleCosts
export type IdleNode = Margin.IdleNode
export type IdleNamespace = Margin.IdleNamespace
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
export type Json = Record<string, unknown>
export type Permission = Session['permissions'][number]
export type ApiKey = Accounts.ApiKey
export type Role = ApiKey['role']
export type RoleEntry = Accounts.RoleEntry
export type RoleChoice = z.input<typeof Accounts.RoleChoice>
export type NewApiKey = z.input<typeof Accounts.NewApiKey>
export type Agent = Sources.Agent
export type Source = Sources.Source
export type SourceDetail = Sources.SourceDetail
export type SourceVersion = Sources.SourceVersion
export type SourceCheck = Sources.SourceCheck
export type SourcePayload = Sources.SourcePayload
export type NewCheck = z.input<typeof Sources.NewCheck>
export type Replay = Metering.Replay
export type NewReplay = Metering.NewReplay
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
export type Discrepancy = Reconciliation.Discrepancy
export type ReconciliationSummary = Reconciliation.ReconciliationSummary
export type AdoptionPreview = Reconciliation.AdoptionPreview
export type AdoptionPreviewRequest = Reconciliation.AdoptionPreviewRequest
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
  affected_accounts: number
  affected_resources: number
  month_to_date_before: string
  month_to_date_after: string
  currency: string
}
