/** Single sign-on: how a provider looks to better-auth, and who may come in by one. */
import { APIError } from 'better-auth'
import type { Context } from '../db/index.ts'
import { openFields } from '../secrets/index.ts'
import { acceptFor } from './joining.ts'
import { emailHash } from './privacy/look-up.ts'
import { domainOf } from './rules.ts'
import { lockInvitationFor, type ProviderRow, selectMemberships, selectPerson, selectProvider } from './store.ts'

export const ownerOf = (id: string): string => `sso_provider/${id}`

const secretOf = ({ id, client_secret }: ProviderRow): string =>
  String(openFields(ownerOf(id), { client_secret }, ['client_secret'])['client_secret'])

/** What better-auth would have stored. Each provider is believed for one domain, of which its owner here is sure. */
export async function rowForProvider(ctx: Context, id: string): Promise<Record<string, unknown> | null> {
  const row = /^[0-9a-f-]{36}$/.test(id) ? await selectProvider(ctx.tx, id) : null
  if (!row) return null
  const { issuer, domain, client_id: clientId } = row
  return {
    id,
    providerId: id,
    issuer,
    domain,
    domainVerified: true,
    userId: null,
    oidcConfig: JSON.stringify({
      issuer,
      clientId,
      clientSecret: secretOf(row),
      pkce: true,
      scopes: ['openid', 'email', 'profile'],
      discoveryEndpoint: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
    }),
  }
}

/** What better-auth knows of the request by which it was called. */
interface At {
  path?: string | undefined
  params?: unknown
}
const BACK = '/sso/callback/'
const isBack = (at: At | null | undefined): boolean => at?.path?.startsWith(BACK) === true
const refused = (code: string) => new APIError('FORBIDDEN', { code, message: code })

/** A provider makes nobody a person of this installation: only who was invited comes in, under the provider's domain. */
export async function welcome<U extends { email: string }>(
  ctx: Context,
  user: U,
  at: At | null | undefined,
): Promise<U> {
  if (!isBack(at)) return user
  const provider = await selectProvider(ctx.tx, String((at?.params as { providerId?: string })?.providerId))
  if (provider?.domain !== domainOf(user.email)) throw refused('foreign_domain')
  if (!(await lockInvitationFor(ctx.tx, await emailHash(ctx, user.email), ctx.now()))) throw refused('not_invited')
  return { ...user, emailVerified: true }
}

/** The membership with which a session begins. Throws where the person belongs nowhere any more. */
export async function activeFor(
  ctx: Context,
  session: { userId: string } & Record<string, unknown>,
  at: At | null | undefined,
): Promise<string> {
  const { membershipId, userId } = session
  const all = await selectMemberships(ctx.tx, userId)
  const kept = all.find(({ id }) => id === membershipId) ?? all[0]
  if (kept) return kept.id
  const person = isBack(at) ? await selectPerson(ctx.tx, userId) : null
  const open =
    person?.email_verified && person.email_hash ? await lockInvitationFor(ctx.tx, person.email_hash, ctx.now()) : null
  if (!person || !open) throw refused('no_membership')
  return (await acceptFor(ctx, open, person)).id
}
