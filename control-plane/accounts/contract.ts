/** Words of the accounts slice: legal entities that sell, accounts that buy, their projects, and sessions. */
import { z } from 'zod'
import { PERMISSIONS } from '../base/actor.ts'
import { REACHES, ROLE_NAMES } from '../base/roles.ts'
import { CurrencyCode, Id, InstantText } from '../http/contract.ts'

export const Address = z.object({
  street: z.string().max(200).default(''),
  postal_code: z.string().max(20).default(''),
  city: z.string().max(100).default(''),
  country: z.string().regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code such as ES'),
})
export type Address = z.infer<typeof Address>
export const Language = z.enum(['en', 'es'])
export type Language = z.infer<typeof Language>
/** EN 16931 tax categories. */
export const TaxCategory = z.enum(['S', 'Z', 'E', 'AE', 'K', 'G', 'O'])
export type TaxCategory = z.infer<typeof TaxCategory>
/** Whether a customer buys as a business: together with a valid VAT id it decides who owes the tax of a sale abroad. */
export const TaxStatus = z.enum(['consumer', 'business'])
/** Per cent with up to 2 decimals, as text: "21.00". */
export const TaxRate = z
  .string()
  .regex(/^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)$/, 'must be per cent from 0 to 100, at most 2 decimals')
const name = z.string().trim().min(1).max(200)
const zone = z.string().min(1).max(64).meta({ example: 'Europe/Madrid', description: 'IANA time zone' })

/** What the font of documents draws for sure: a character that it lacks would hold up every invoice. */
const PRINTED = String.raw` -~\u00a0-\u0148\u014a-\u017f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce\u0400-\u045f–—‘’“”„…•€№→†‡™`
const FooterText = z
  .string()
  .max(400)
  .regex(
    new RegExp(`^[${PRINTED}]*(\\n[${PRINTED}]*){0,3}$`),
    'must be plain text in Latin, Greek or Cyrillic letters, at most 4 lines',
  )
/** Where a customer pays to. */
export const Bank = z.object({
  name: z
    .string()
    .trim()
    .max(100)
    .regex(new RegExp(`^[${PRINTED}]*$`), 'must be in Latin, Greek or Cyrillic letters'),
  iban: z
    .string()
    .transform((text) => text.replaceAll(/\s/g, '').toUpperCase())
    .pipe(z.string().regex(/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/, 'must be an IBAN such as ES91 2100 0418 4502 0005 1332'))
    .meta({ example: 'ES9121000418450200051332' }),
  bic: z
    .string()
    .trim()
    .toUpperCase()
    .regex(/^([A-Z]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?)?$/, 'must be a BIC such as CAIXESBBXXX, or empty'),
})
/** How documents of a company look, beside its logo. */
export const Branding = z
  .object({
    colour: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #1d4ed8')
      .nullable()
      .meta({ description: 'of headings and rules; at least 3:1 against white. null: black' }),
    footer: z.object({ en: FooterText, es: FooterText }),
    bank: Bank.nullable(),
  })
  .meta({ id: 'Branding' })
export type Branding = z.infer<typeof Branding>
/** An image by its SHA-256: the bytes lie with the documents. */
export const Logo = z.object({ sha256: z.string(), media_type: z.enum(['image/png', 'image/jpeg']) })
export type Logo = z.infer<typeof Logo>
export const NO_BRANDING: Branding = { colour: null, footer: { en: '', es: '' }, bank: null }

export const LegalEntity = z
  .object({
    id: Id,
    name,
    address: Address,
    tax_id: z.string().max(40),
    email: z.string().max(200),
    currency: CurrencyCode,
    zone,
    language: Language,
    tax_category: TaxCategory,
    tax_rate: TaxRate,
    invoice_prefix: z.string().regex(/^[A-Z0-9]{1,10}-?$/),
    payment_terms_days: z.int().min(0).max(365),
    branding: Branding,
    logo: Logo.nullable(),
    note_threshold: z.int().min(0).max(1_000_000_000).meta({
      description:
        'in minor units of the currency of the account: a note of less than this waits until the difference has grown; 0: none waits',
    }),
    re_rating_months: z.int().min(1).max(120).meta({ description: 'how far back invoices are rated again' }),
    send_automatically: z
      .boolean()
      .meta({ description: 'what is issued goes by mail to the billing addresses of its account by itself' }),
    reseller_account_id: Id.nullable().meta({
      description:
        'the reseller whose company it is, for ever: he is billed for what its customers use; null: of the installation itself',
    }),
  })
  .meta({ id: 'LegalEntity' })
export type LegalEntity = z.infer<typeof LegalEntity>
/** Another company that sells: with its own currency, numbers and tax. */
export const NewLegalEntity = LegalEntity.omit({ id: true, logo: true }).extend({
  branding: Branding.default(NO_BRANDING),
  tax_id: z.string().max(40).default(''),
  email: z.string().max(200).default(''),
  payment_terms_days: z.int().min(0).max(365).default(30),
  note_threshold: LegalEntity.shape.note_threshold.default(0),
  re_rating_months: LegalEntity.shape.re_rating_months.default(24),
  send_automatically: LegalEntity.shape.send_automatically.default(false),
  reseller_account_id: LegalEntity.shape.reseller_account_id.default(null),
})
export type NewLegalEntity = z.infer<typeof NewLegalEntity>
export const LegalEntityChange = LegalEntity.omit({
  id: true,
  currency: true,
  logo: true,
  reseller_account_id: true,
}).partial()
export type LegalEntityChange = z.infer<typeof LegalEntityChange>

export const Project = z
  .object({ id: Id, name: z.string(), closed_at: InstantText.nullable().meta({ description: 'null: it is open' }) })
  .meta({ id: 'Project' })
export type Project = z.infer<typeof Project>
export const NewProject = z.object({ name: z.string().trim().min(1).max(100) })
export type NewProject = z.infer<typeof NewProject>

export const Account = z
  .object({
    id: Id,
    legal_entity_id: Id,
    name,
    address: Address,
    tax_id: z.string().max(40),
    tax_status: TaxStatus,
    email: z.string().max(200),
    zone,
    language: Language,
    created_at: InstantText,
    parent_id: Id.nullable().meta({ description: 'the reseller who brought it; null: none' }),
    projects: z.array(Project),
  })
  .meta({ id: 'Account' })
export type Account = z.infer<typeof Account>
export const NewAccount = z.object({
  name,
  address: Address.optional(),
  tax_id: z.string().max(40).default(''),
  tax_status: TaxStatus.optional().meta({ description: 'default: consumer' }),
  email: z.string().max(200).default(''),
  zone: zone.optional(),
  language: Language.optional(),
  legal_entity_id: Id.optional().meta({ description: 'who sells to it; default: the first company' }),
  parent_id: Id.optional().meta({ description: 'a reseller: who acts for it reaches this account too' }),
})
export type NewAccount = z.infer<typeof NewAccount>
/** Without the defaults of a new account: what a change leaves out stays as it is. */
export const AccountChange = z.object({
  name: name.optional(),
  address: Address.optional(),
  tax_id: z.string().max(40).optional(),
  tax_status: TaxStatus.optional(),
  email: z.string().max(200).optional(),
  zone: zone.optional(),
  language: Language.optional(),
})
export type AccountChange = z.infer<typeof AccountChange>

export const RoleName = z.enum(ROLE_NAMES).meta({ id: 'Role' })
/** In whose place `role` stands, where it is one that was made here. */
export const CustomRoleName = z
  .object({ id: Id, name: z.string() })
  .nullable()
  .meta({ description: 'one that was made here; `role` then says only what its bearer reaches' })
/** A role to be given: one of the table, or one that was made here. */
export const RoleChoice = z.object({
  role: RoleName.optional().meta({ description: 'may be left out with a custom_role_id' }),
  custom_role_id: Id.nullable().default(null).meta({ description: 'a role that was made here' }),
})
export type RoleChoice = z.infer<typeof RoleChoice>
/** To what its bearer is narrowed. */
export const ProjectNames = z
  .array(z.object({ id: Id, name: z.string() }))
  .nullable()
  .meta({ description: 'the projects of the account to which it is narrowed; null: all of the account' })
export const ProjectIds = z
  .array(Id)
  .min(1)
  .max(100)
  .nullable()
  .meta({ description: 'narrows it to these projects of the account, without bills, keys and people; null: all of it' })
const Scopes = z.array(z.enum(PERMISSIONS)).min(1).max(PERMISSIONS.length)

/** A key of a program or a person; the token itself is shown once, when it is made. */
export const ApiKey = z
  .object({
    id: Id,
    name: z.string(),
    role: RoleName,
    custom_role: CustomRoleName,
    scopes: Scopes.nullable().meta({ description: 'narrows what the role may do; null: all of it' }),
    account: z
      .object({ id: Id, name: z.string() })
      .nullable()
      .meta({ description: 'the account that it reaches, with those below it; null: the whole installation' }),
    projects: ProjectNames,
    created_at: InstantText,
    created_by: z.string(),
    expires_at: InstantText.nullable(),
    last_used_at: InstantText.nullable().meta({ description: 'to within ten minutes' }),
    yours: z.boolean().meta({ description: 'the key that asks' }),
  })
  .meta({ id: 'ApiKey' })
export type ApiKey = z.infer<typeof ApiKey>
export const NewApiKey = RoleChoice.extend({
  name,
  scopes: Scopes.nullable().default(null),
  account_id: Id.nullable()
    .default(null)
    .meta({ description: 'for a role of an account; left out, that of the caller' }),
  project_ids: ProjectIds.default(null),
  expires_at: InstantText.nullable().default(null),
})
export type NewApiKey = z.infer<typeof NewApiKey>
export const MadeApiKey = z
  .object({ key: ApiKey, token: z.string().meta({ description: 'shown only now' }) })
  .meta({ id: 'MadeApiKey' })
/** What each role may do: those of the table, then those that were made here. */
export const RoleEntry = z
  .object({
    role: RoleName,
    custom: CustomRoleName,
    of: z.enum(REACHES).meta({ description: 'what its bearer reaches' }),
    permissions: z.array(z.enum(PERMISSIONS)),
  })
  .meta({ id: 'RoleEntry' })
export type RoleEntry = z.infer<typeof RoleEntry>
export const NewCustomRole = z.object({
  name,
  of: z
    .enum(REACHES)
    .meta({ description: 'of an account: only what an owner of an account may do, for people and keys of accounts' }),
  permissions: Scopes,
})
export type NewCustomRole = z.infer<typeof NewCustomRole>
/** What a role is of stays. */
export const CustomRoleChange = NewCustomRole.omit({ of: true }).partial()
export type CustomRoleChange = z.infer<typeof CustomRoleChange>

const IdleHours = z.int().min(1).max(168)
/** After so long without use a session ends; after a week it ends in any case. */
export const SessionSettings = z
  .object({
    staff_idle_hours: IdleHours.meta({ description: 'of those who run the installation' }),
    tenant_idle_hours: IdleHours.meta({ description: 'of those who belong to accounts' }),
  })
  .meta({ id: 'SessionSettings' })
export type SessionSettings = z.infer<typeof SessionSettings>
export const SessionSettingsChange = SessionSettings.partial()

/** Staff act as a customer of whom they must see what he sees. */
export const NewImpersonation = z.object({
  account_id: Id,
  reason: z.string().trim().min(5).max(500).meta({ description: 'stays on record, and the customer can read it' }),
})
export type NewImpersonation = z.infer<typeof NewImpersonation>
export const Impersonation = z
  .object({ account: z.object({ id: Id, name: z.string() }), reason: z.string(), ends_at: InstantText })
  .meta({ id: 'Impersonation' })
export type Impersonation = z.infer<typeof Impersonation>
