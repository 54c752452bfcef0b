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
/** Per cent with up to 2 decimals, as text: "21.00". */
export const TaxRate = z
  .string()
  .regex(/^(100(\.0{1,2})?|\d{1,2}(\.\d{1,2})?)$/, 'must be per cent from 0 to 100, at most 2 decimals')
const name = z.string().trim().min(1).max(200)
const zone = z.string().min(1).max(64).meta({ example: 'Europe/Madrid', description: 'IANA time zone' })

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
  })
  .meta({ id: 'LegalEntity' })
export type LegalEntity = z.infer<typeof LegalEntity>
/** Another company that sells: with its own currency, numbers and tax. */
export const NewLegalEntity = LegalEntity.omit({ id: true }).extend({
  tax_id: z.string().max(40).default(''),
  email: z.string().max(200).default(''),
  payment_terms_days: z.int().min(0).max(365).default(30),
})
export type NewLegalEntity = z.infer<typeof NewLegalEntity>
export const LegalEntityChange = LegalEntity.omit({ id: true, currency: true }).partial()
export type LegalEntityChange = z.infer<typeof LegalEntityChange>

export const Account = z
  .object({
    id: Id,
    legal_entity_id: Id,
    name,
    address: Address,
    tax_id: z.string().max(40),
    email: z.string().max(200),
    zone,
    language: Language,
    created_at: InstantText,
    parent_id: Id.nullable().meta({ description: 'the reseller who brought it; null: none' }),
    projects: z.array(z.object({ id: Id, name: z.string() })),
  })
  .meta({ id: 'Account' })
export type Account = z.infer<typeof Account>
export const NewAccount = z.object({
  name,
  address: Address.optional(),
  tax_id: z.string().max(40).default(''),
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
