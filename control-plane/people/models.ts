/** How better-auth's models and plugins lie on our tables. */
import { passkey } from '@better-auth/passkey'
import { sso } from '@better-auth/sso'
import { APIError } from 'better-auth'
import { twoFactor } from 'better-auth/plugins'
import { SESSION_SECONDS } from '../accounts/index.ts'

const fields = { createdAt: 'created_at', updatedAt: 'updated_at', userId: 'person_id' } as const

export const MODELS = {
  user: {
    modelName: 'person',
    fields: { ...fields, emailVerified: 'email_verified' },
    additionalFields: {
      emailHash: { type: 'string', required: false, input: false, fieldName: 'email_hash' },
      nameHash: { type: 'string', required: false, input: false, fieldName: 'name_hash' },
    },
  },
  account: {
    modelName: 'sign_in_method',
    fields: {
      ...fields,
      providerId: 'provider_id',
      accountId: 'subject',
      accessToken: 'access_token',
      refreshToken: 'refresh_token',
      idToken: 'id_token',
      accessTokenExpiresAt: 'access_token_expires_at',
      refreshTokenExpiresAt: 'refresh_token_expires_at',
    },
    updateAccountOnSignIn: false,
  },
  session: {
    modelName: 'person_session',
    fields: { ...fields, expiresAt: 'expires_at', ipAddress: 'ip_address', userAgent: 'user_agent' },
    additionalFields: {
      membershipId: { type: 'string', required: false, input: false, fieldName: 'membership_id' },
    },
    expiresIn: SESSION_SECONDS,
    disableSessionRefresh: true,
    freshAge: 0,
  },
  verification: { fields: { ...fields, expiresAt: 'expires_at' }, storeIdentifier: 'hashed' },
} as const

const totp = () =>
  twoFactor({
    issuer: 'Atalaya',
    schema: {
      user: { fields: { twoFactorEnabled: 'totp_enabled' } },
      twoFactor: {
        modelName: 'totp',
        fields: {
          userId: 'person_id',
          backupCodes: 'recovery_codes',
          failedVerificationCount: 'failed_count',
          lockedUntil: 'locked_until',
        },
      },
    },
  })

const passkeys = (publicUrl: string) =>
  passkey({
    rpName: 'Atalaya',
    rpID: new URL(publicUrl).hostname,
    origin: new URL(publicUrl).origin,
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    authentication: {
      // a passkey stands for two factors: having it, and being the one who unlocks it
      afterVerification: ({ verification }) => {
        if (!verification.authenticationInfo.userVerified)
          throw new APIError('UNAUTHORIZED', { code: 'USER_NOT_VERIFIED' })
      },
    },
    schema: {
      passkey: {
        fields: {
          userId: 'person_id',
          createdAt: 'created_at',
          publicKey: 'public_key',
          credentialID: 'credential_id',
          deviceType: 'device_type',
          backedUp: 'backed_up',
        },
      },
    },
  })

export const pluginsOf = (publicUrl: string) => [
  totp(),
  passkeys(publicUrl),
  sso({ domainVerification: { enabled: true }, trustEmailVerified: true }),
]
