/** Verbs of credentials: one-time set-up tokens, API keys, and the sessions that either opens. */
import { type Actor, permit } from '../base/actor.ts'
import { permissionsOf } from '../base/roles.ts'
import { newId, newSecret } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { fromIso, type Instant, iso } from '../base/time.ts'
import type { Clock, Context, Database, Tx } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { ApiKey, NewApiKey } from './contract.ts'
import { hashOf, sameHash } from './secret.ts'
import {
  type CredentialKind,
  type CredentialRow,
  insertCredential,
  noteUse,
  revokeCredential,
  revokeKey,
  revokeUnused,
  selectCredential,
  selectKeys,
  useCredential,
} from './store.ts'

export const SESSION_SECONDS = 7 * 86_400
const PREFIXES = { setup_token: 'atalaya_setup', session: 'atalaya_session', api_key: 'atalaya_key' } as const

interface Wanted
  extends Pick<CredentialRow, 'kind' | 'name'>, Partial<Pick<CredentialRow, 'role' | 'scopes' | 'opened_by'>> {
  expires_at?: Instant | null | undefined
}

/** Returns the token, which can't be read again: of set-up, and the key for the command line. */
export async function mintCredential(
  ctx: Context,
  kind: CredentialKind,
  name: string,
  expires_at?: Instant,
): Promise<string> {
  permit(ctx, 'keys.write')
  if (kind === 'setup_token') await revokeUnused(ctx.tx, kind, ctx.now())
  const { row, token } = await mint(ctx, { kind, name, expires_at })
  await append(ctx, {
    type: 'credential.created',
    subject: { kind: 'credential', id: row.id },
    after: { kind, name, role: row.role },
  })
  return token
}

async function mint(
  ctx: Context,
  { expires_at = null, role = 'owner', scopes = null, opened_by = null, ...wanted }: Wanted,
) {
  const token = newSecret(PREFIXES[wanted.kind])
  const row: CredentialRow = {
    id: newId(),
    ...wanted,
    hash: hashOf(token),
    created_at: ctx.now(),
    created_by: ctx.actor.name,
    expires_at,
    used_at: null,
    revoked_at: null,
    role,
    scopes,
    opened_by,
  }
  await insertCredential(ctx.tx, row)
  return { row, token }
}

const holds = (row: CredentialRow, hash: string, now: Instant): boolean =>
  sameHash(row.hash, hash) && row.revoked_at === null && (row.expires_at === null || now < row.expires_at)

const actorBy = ({ id, name, role, scopes, opened_by }: CredentialRow): Actor => ({
  kind: role === 'owner' ? 'owner' : 'staff',
  id: opened_by ?? id,
  name,
  role,
  permissions: permissionsOf(role, scopes),
})

/** A use is noted again after so long: keys are shown with when they were used last. */
const NOTED_MS = 600_000

/** The actor of a session or an API key; null for anything else. Opens no transaction of its own. */
export async function authenticate(at: { tx: Tx | Database; now: Clock }, token: string): Promise<Actor | null> {
  const hash = hashOf(token)
  const row = await selectCredential(at.tx, hash)
  if (!row || row.kind === 'setup_token' || !holds(row, hash, at.now())) return null
  if (row.kind === 'api_key' && at.now() - (row.used_at ?? 0) > NOTED_MS) await noteUse(at.tx, row.id, at.now())
  return actorBy(row)
}

export interface OpenedSession {
  token: string
  actor: Actor
}

/** Opens a session by a set-up token, which works once, or by an API key, whose rights and end it shares. The token is the permission. */
export async function signIn(ctx: Context, token: string): Promise<OpenedSession> {
  const hash = hashOf(token)
  const shown = await selectCredential(ctx.tx, hash)
  const isRight = shown !== null && shown.kind !== 'session' && holds(shown, hash, ctx.now())
  const isFresh = isRight && (shown.kind === 'api_key' || (await useCredential(ctx.tx, hash, ctx.now())) !== null)
  if (!isFresh)
    throw new Problem(
      'unauthenticated',
      'This token is not known, was used, or has expired. Use an API key, or start the program again for a new set-up token.',
    )
  const { kind, role, scopes, expires_at } = shown
  const name = kind === 'setup_token' ? 'Owner' : shown.name
  const ends_at = ctx.now() + SESSION_SECONDS * 1_000
  const session = await mint(ctx, {
    kind: 'session',
    name,
    role,
    scopes,
    opened_by: kind === 'api_key' ? shown.id : null,
    expires_at: kind === 'api_key' && expires_at !== null ? Math.min(ends_at, expires_at) : ends_at,
  })
  const actor = actorBy(session.row)
  await append(
    { ...ctx, actor },
    { type: 'session.opened', subject: { kind: 'session', id: session.row.id }, after: { by: kind } },
  )
  return { token: session.token, actor }
}

/** Ends the session; one that has ended already is no error. */
export async function signOut(ctx: Context, token: string): Promise<void> {
  const ended = await revokeCredential(ctx.tx, hashOf(token), ctx.now())
  if (ended) await append(ctx, { type: 'session.closed', subject: { kind: 'session', id: ended.id } })
}

/** Keys that hold, the newest first. */
export async function listKeys(ctx: Context): Promise<ApiKey[]> {
  permit(ctx, 'keys.read')
  return (await selectKeys(ctx.tx)).map((row) => fromRow(row, ctx.actor))
}

/** Makes a key; nobody gives away more than he has himself. */
export async function createKey(ctx: Context, input: NewApiKey): Promise<{ key: ApiKey; token: string }> {
  permit(ctx, 'keys.write')
  const { name, role, scopes, expires_at } = input
  const missing = [...permissionsOf(role, scopes)].filter((one) => !ctx.actor.permissions.has(one))
  if (missing.length > 0)
    throw new Problem('forbidden', `You can't give what you may not do yourself: ${missing.join(', ')}.`)
  const beyond = (scopes ?? []).filter((one) => !permissionsOf(role, null).has(one))
  const ends_at = expires_at === null ? null : fromIso(expires_at)
  const errors = [
    ...(beyond.length > 0 ? [{ pointer: '/scopes', detail: `the role ${role} may not: ${beyond.join(', ')}` }] : []),
    ...(ends_at !== null && ends_at <= ctx.now() ? [{ pointer: '/expires_at', detail: 'must lie ahead' }] : []),
  ]
  if (errors.length > 0) throw new Problem('invalid', 'Correct these fields and send it again.', errors)
  const { row, token } = await mint(ctx, { kind: 'api_key', name, role, scopes, expires_at: ends_at })
  const key = fromRow(row, ctx.actor)
  await append(ctx, { type: 'credential.created', subject: { kind: 'credential', id: row.id }, after: key })
  return { key, token }
}

/** Ends a key at once, with the sessions that it opened. */
export async function revokeApiKey(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'keys.write')
  const row = (await selectKeys(ctx.tx)).find((one) => one.id === id)
  if (!row) throw new Problem('not_found', `There is no API key ${id}.`)
  const beyond = [...permissionsOf(row.role, row.scopes)].some((one) => !ctx.actor.permissions.has(one))
  if (beyond) throw new Problem('forbidden', 'This key may do more than you: only who may do as much can revoke it.')
  await revokeKey(ctx.tx, id, ctx.now())
  const before = fromRow(row, ctx.actor)
  await append(ctx, { type: 'credential.revoked', subject: { kind: 'credential', id }, before })
}

const fromRow = (row: CredentialRow, actor: Actor): ApiKey => ({
  id: row.id,
  name: row.name,
  role: row.role,
  scopes: row.scopes,
  created_at: iso(row.created_at),
  created_by: row.created_by,
  expires_at: row.expires_at === null ? null : iso(row.expires_at),
  last_used_at: row.used_at === null ? null : iso(row.used_at),
  yours: row.id === actor.id,
})
