/** People at the control plane: how they come in, who they are, and who else is here. */
import type { z } from 'zod'
import type * as Accounts from '#control-plane/accounts/contract.ts'
import type * as People from '#control-plane/people/contract.ts'
import { get, make, patch, post, request } from './request.ts'
import type {
  ErasurePreview,
  Invitation,
  Items,
  Json,
  Member,
  NewInvitation,
  NewSsoProvider,
  Profile,
  RoleEntry,
  Session,
  SignedIn,
  SsoProvider,
} from './shapes.ts'

export const peopleApi = {
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
}
