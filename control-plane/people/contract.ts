/** Words of people: sign-in, sessions, memberships, invitations, a person's own settings, providers of single sign-on, and what is held about a person. */
import { z } from 'zod'
import { CustomRoleName, Language, ProjectIds, ProjectNames, RoleChoice, RoleName } from '../accounts/contract.ts'
import { PERMISSIONS } from '../base/actor.ts'
import { Id, InstantText } from '../http/contract.ts'

export const Email = z
  .string()
  .trim()
  .toLowerCase()
  .max(200)
  .pipe(z.email('must be an e-mail address'))
  .meta({ example: 'ana@example.com' })
/** Its length is checked with its other rules, which say why. */
const NewPassword = z.string().max(1_000)
/** What is only compared is bounded, so that nobody makes us hash a book. */
const Password = z.string().min(1).max(1_000)
const name = z.string().trim().min(1).max(200)
const AccountName = z.object({ id: Id, name: z.string() }).nullable()
const Token = z.string().min(10).max(200)

/** Sign in with the one-time set-up token that `npm run up` prints, or with an API key. */
export const SignIn = z.object({ token: Token })
export const PasswordSignIn = z.object({ email: Email, password: Password })
export const TotpSignIn = z
  .object({ code: z.string().trim().min(6).max(40) })
  .meta({ description: 'six digits of the authenticator app, or one of the recovery codes' })
/** What a browser's WebAuthn gave, as JSON; better-auth checks it whole. */
export const PasskeyAnswer = z.object({ response: z.looseObject({ id: z.string().max(1_000) }) })
export const PasskeyOptions = z.looseObject({ challenge: z.string() }).meta({ id: 'PasskeyOptions' })
export const SsoStart = z.object({
  provider_id: Id,
  next: z
    .string()
    .max(1_000)
    // addresses lose tabs and line ends when they are read: "/\t/host" would be another host
    .regex(/^\/(?![/\\])\P{Cc}*$/u, 'must be a path of this installation')
    .default('/'),
})
export const Redirect = z.object({ url: z.string() })

/** What the sign-in page offers. */
export const SignInOptions = z.object({
  providers: z.array(z.object({ id: Id, name: z.string() })),
  mail: z.boolean().meta({ description: 'a forgotten password can be reset by mail' }),
})

export const Membership = z
  .object({ id: Id, role: RoleName, custom_role: CustomRoleName, account: AccountName, active: z.boolean() })
  .meta({ id: 'Membership' })
export type Membership = z.infer<typeof Membership>

export const Session = z
  .object({
    actor: z.object({ kind: z.string(), name: z.string() }),
    role: RoleName,
    custom_role: CustomRoleName,
    account: AccountName.meta({ description: 'the account that it reaches; null: the whole installation' }),
    projects: ProjectNames,
    permissions: z.array(z.enum(PERMISSIONS)),
    installation_id: Id,
    version: z.string(),
    demo: z.boolean().meta({ description: 'customers and machines are invented; DELETE /demo ends it' }),
    person: z
      .object({ id: Id, email: z.string(), totp: z.boolean(), memberships: z.array(Membership) })
      .nullable()
      .meta({ description: 'null: a key or a set-up token acts, no person' }),
    impersonation: z
      .object({ reason: z.string(), ends_at: InstantText })
      .nullable()
      .meta({ description: 'staff act as this customer; null: oneself acts' }),
    needs_owner: z.boolean().meta({ description: 'no person owns the installation yet: POST /owner makes the first' }),
  })
  .meta({ id: 'Session' })
export type Session = z.infer<typeof Session>

/** Either a session, or the wish for a second factor at POST /sign-in/totp. */
export const SignedIn = z.object({ session: Session.nullable(), totp_needed: z.boolean() }).meta({ id: 'SignedIn' })

export const NewOwner = z.object({ name, email: Email, password: NewPassword })
export type NewOwner = z.infer<typeof NewOwner>

export const ResetRequest = z.object({ email: Email, language: Language.default('en') })
export const Reset = z.object({ token: Token, password: NewPassword })

/** One who belongs here; `id` is that of the membership. */
export const Member = z
  .object({
    id: Id,
    person: z.object({ id: Id, name: z.string(), email: z.string(), totp: z.boolean() }),
    role: RoleName,
    custom_role: CustomRoleName,
    account: AccountName,
    projects: ProjectNames,
    created_at: InstantText,
    created_by: z.string(),
    last_seen_at: InstantText.nullable(),
    yours: z.boolean(),
  })
  .meta({ id: 'Member' })
export type Member = z.infer<typeof Member>

/** Another role; what is said of no project stays as it is. */
export const MemberChange = RoleChoice.extend({ project_ids: ProjectIds.optional() })
export type MemberChange = z.infer<typeof MemberChange>

export const Invitation = z
  .object({
    id: Id,
    email: z.string(),
    role: RoleName,
    custom_role: CustomRoleName,
    account: AccountName,
    projects: ProjectNames,
    created_at: InstantText,
    created_by: z.string(),
    expires_at: InstantText,
    expired: z.boolean(),
  })
  .meta({ id: 'Invitation' })
export type Invitation = z.infer<typeof Invitation>
export const NewInvitation = RoleChoice.extend({
  email: Email,
  account_id: Id.nullable()
    .default(null)
    .meta({ description: 'for a role of an account; left out, that of the caller' }),
  project_ids: ProjectIds.default(null),
  language: Language.default('en'),
})
export type NewInvitation = z.infer<typeof NewInvitation>
export const MadeInvitation = z
  .object({
    invitation: Invitation,
    link: z.string().nullable().meta({ description: 'to pass on, where there is no mail; null: it was mailed' }),
  })
  .meta({ id: 'MadeInvitation' })
export type MadeInvitation = z.infer<typeof MadeInvitation>
export const ByToken = z.object({ token: Token })
/** What one who holds the link is told. */
export const InvitationShown = z.object({
  email: z.string(),
  role: RoleName,
  custom_role: CustomRoleName,
  account: AccountName,
  invited_by: z.string(),
  known: z.boolean().meta({ description: 'this e-mail belongs to a person already, who signs in to accept' }),
})
export const Acceptance = z.object({ token: Token, name, password: NewPassword })
export type Acceptance = z.infer<typeof Acceptance>

export const Profile = z.object({
  person: z.object({ id: Id, name: z.string(), email: z.string(), email_verified: z.boolean() }).nullable(),
  totp: z.boolean(),
  passkeys: z.array(z.object({ id: Id, name: z.string(), created_at: InstantText.nullable() })),
  sessions: z.array(
    z.object({
      id: Id,
      created_at: InstantText,
      last_used_at: InstantText,
      expires_at: InstantText,
      address: z.string(),
      browser: z.string(),
      current: z.boolean(),
    }),
  ),
})
export type Profile = z.infer<typeof Profile>
export const ProfileChange = z.object({ name })
export const PasswordChange = z.object({ current_password: Password, password: NewPassword })
export const EmailChange = z.object({ email: Email, password: Password, language: Language.default('en') })
export const PasswordCheck = z.object({ password: Password })
export const RecoveryCodes = z.object({
  recovery_codes: z.array(z.string()).meta({ description: 'each works once; shown only now' }),
})
export const TotpStart = RecoveryCodes.extend({
  uri: z.string().meta({ description: 'otpauth://, to be shown as a QR code' }),
})
export const TotpCode = z.object({
  code: z
    .string()
    .trim()
    .regex(/^\d{6}$/, 'must be six digits'),
})
export const NewPasskey = PasskeyAnswer.extend({ name })
export const Switch = z.object({ membership_id: Id })

export const SsoProvider = z
  .object({
    id: Id,
    name: z.string(),
    issuer: z.string(),
    domain: z.string(),
    client_id: z.string(),
    redirect_uri: z.string().meta({ description: 'to be registered at the provider' }),
    created_at: InstantText,
    created_by: z.string(),
  })
  .meta({ id: 'SsoProvider' })
export type SsoProvider = z.infer<typeof SsoProvider>
const issuer = z.url({ protocol: /^https?$/ }).max(500)
export const NewSsoProvider = z.object({
  name,
  issuer,
  domain: z
    .string()
    .trim()
    .toLowerCase()
    .max(200)
    .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'must be a domain such as example.com')
    .meta({ description: 'only for e-mail addresses of this domain is the provider believed' }),
  client_id: z.string().trim().min(1).max(500),
  client_secret: z.string().min(1).max(2_000).meta({ description: 'kept sealed, and never shown again' }),
})
export type NewSsoProvider = z.infer<typeof NewSsoProvider>

/** Why somebody can't be erased now. */
export const Obstacle = z.object({
  code: z.enum(['last_owner', 'last_tenant_owner', 'may_do_more']),
  account: AccountName.meta({ description: 'of which he is the last owner' }),
})
export type Obstacle = z.infer<typeof Obstacle>

export const ErasurePreview = z
  .object({
    person: z.object({ id: Id, name: z.string(), email: z.string() }),
    goes: z.object({
      memberships: z.array(z.object({ role: RoleName, custom_role: CustomRoleName, account: AccountName })),
      sessions: z.int(),
      passkeys: z.int(),
      totp: z.boolean(),
      invitations: z.int().meta({ description: 'open ones to his address' }),
    }),
    stays: z.object({
      keys: z
        .array(z.object({ id: Id, name: z.string() }))
        .meta({ description: 'API keys that he made and that still hold: revoke those which only he has' }),
      records: z.int().meta({ description: 'of what he did: they stay, and name him no more' }),
      old_records: z
        .int()
        .meta({ description: 'of a version before names were sealed: they keep his name, for they never change' }),
    }),
    obstacle: Obstacle.nullable(),
  })
  .meta({ id: 'ErasurePreview' })
export type ErasurePreview = z.infer<typeof ErasurePreview>

export const Erasure = z.object({
  reason: z
    .string()
    .trim()
    .min(1)
    .max(500)
    .meta({ description: 'stays in the audit: write nothing into it that names the person' }),
})

const Held = z.object({ created_at: InstantText })
export const PersonData = z
  .object({
    person: Held.extend({
      id: Id,
      name: z.string(),
      email: z.string(),
      email_verified: z.boolean(),
      totp: z.boolean(),
    }),
    memberships: z.array(
      Held.extend({ role: RoleName, account: AccountName, created_by: z.string(), ended_at: InstantText.nullable() }),
    ),
    sessions: z.array(
      Held.extend({ last_used_at: InstantText, expires_at: InstantText, address: z.string(), browser: z.string() }),
    ),
    sign_in_methods: z.array(Held.extend({ provider: z.string() })),
    passkeys: z.array(z.object({ name: z.string(), created_at: InstantText.nullable() })),
    invitations: z.array(
      Held.extend({ role: RoleName, account: AccountName, created_by: z.string(), expires_at: InstantText }),
    ),
    keys: z.array(Held.extend({ id: Id, name: z.string(), revoked_at: InstantText.nullable() })),
    events: z
      .array(
        z.object({
          type: z.string(),
          subject: z.object({ kind: z.string(), id: z.string() }),
          by_himself: z.boolean(),
          occurred_at: InstantText,
        }),
      )
      .meta({ description: 'what he did and what happened to him, newest first' }),
    events_left_out: z.boolean().meta({ description: 'there are more than the newest 10,000' }),
  })
  .meta({ id: 'PersonData' })
export type PersonData = z.infer<typeof PersonData>
