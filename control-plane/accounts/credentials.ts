/** Verbs of credentials: one-time set-up tokens, API keys, and the sessions that either opens. */
import { type Actor, permit } from '../base/actor.ts'
import { kindOf, permissionsOf } from '../base/roles.ts'
import { newId, newSecret } from '../base/id.ts'
import { type FieldError, Problem } from '../base/problem.ts'
import { fromIso, type Instant, iso } from '../base/time.ts'
import type { Clock, Context, Database, Tx } from '../db/index.ts'
import { append } from '../events/index.ts'
import type { ApiKey, NewApiKey } from './contract.ts'
import { nameOf } from './roles/index.ts'
import { requireGivable } from './roles/giving.ts'
import { NOTED_MS, refuseIdle } from './rules.ts'
import { hashOf, sameHash } from './secret.ts'
import {
  type CredentialKind,
  type CredentialRow,
  type HeldCredential,
  insertCredential,
  type KeyRow,
  noteUse,
  revokeCredential,
  revokeKey,
  revokeSetUp,
  revokeUnused,
  selectCredential,
  selectKeys,
  useCredential,
} from './store.ts'

export const SESSION_SECONDS = 7 * 86_400
const PREFIXES = { setup_token: 'atalaya_setup', session: 'atalaya_session', api_key: 'atalaya_key' } as const

interface Wanted
  extends
    Pick<CredentialRow, 'kind' | 'name'>,
    Partial<Pick<CredentialRow, 'role' | 'custom_role_id' | 'scopes' | 'opened_by' | 'account_id' | 'project_ids'>> {
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
  {
    expires_at = null,
    role = 'owner',
    custom_role_id = null,
    scopes = null,
    opened_by = null,
    account_id = null,
    project_ids = null,
    ...wanted
  }: Wanted,
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
    custom_role_id,
    scopes,
    opened_by,
    account_id,
    project_ids,
  }
  await insertCredential(ctx.tx, row)
  return { row, token }
}

const holds = (row: CredentialRow, hash: string, now: Instant): boolean =>
  sameHash(row.hash, hash) && row.revoked_at === null && (row.expires_at === null || now < row.expires_at)

const actorBy = ({
  id,
  kind,
  name,
  role,
  custom_role,
  scopes,
  opened_by,
  account_id,
  project_ids,
}: HeldCredential): Actor => ({
  kind: kindOf(role),
  id: opened_by ?? id,
  name,
  account_id,
  ...(project_ids && { project_ids }),
  role,
  ...(custom_role && { custom_role: nameOf(custom_role) }),
  permissions: permissionsOf(role, scopes, custom_role, project_ids),
  ...(kind === 'session' && { bearer_id: id }),
})

/**
 * The actor of a session or an API key; null for anything else. Throws `session_idle` where nobody used the session for too long.
 * Opens no transaction of its own. `isUse`: somebody is there, and his session goes on.
 */
export async function authenticate(
  at: { tx: Tx | Database; now: Clock },
  token: string,
  isUse = true,
): Promise<Actor | null> {
  const hash = hashOf(token)
  const row = await selectCredential(at.tx, hash)
  if (!row || row.kind === 'setup_token' || !holds(row, hash, at.now())) return null
  const used_at = row.used_at ?? (row.kind === 'session' ? row.created_at : 0)
  if (row.kind === 'session') refuseIdle(used_at, row.idle_hours, at.now())
  if (isUse && at.now() - used_at > NOTED_MS) await noted(at, row.id)
  return actorBy(row)
}

/** When a key was used last is shown to people: that it can't be noted, on a full disk, is no reason to refuse it. */
const noted = (at: { tx: Tx | Database; now: Clock }, id: string): Promise<void> =>
  noteUse(at.tx, id, at.now()).catch(() => {})

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
  const { kind, role, custom_role_id, custom_role, scopes, expires_at, account_id, project_ids } = shown
  const name = kind === 'setup_token' ? 'Owner' : shown.name
  const ends_at = ctx.now() + SESSION_SECONDS * 1_000
  const session = await mint(ctx, {
    kind: 'session',
    name,
    role,
    custom_role_id,
    scopes,
    account_id,
    project_ids,
    opened_by: kind === 'api_key' ? shown.id : null,
    expires_at: kind === 'api_key' && expires_at !== null ? Math.min(ends_at, expires_at) : ends_at,
  })
  const actor = actorBy({ ...session.row, custom_role })
  await append(
    { ...ctx, actor },
    { type: 'session.opened', subject: { kind: 'session', id: session.row.id }, after: { by: kind } },
  )
  return { token: session.token, actor }
}

/** Set-up is over: its token opens nothing any more, and what it opened ends. */
export async function endSetUp(ctx: Context): Promise<void> {
  permit(ctx, 'installation.write')
  await revokeSetUp(ctx.tx, ctx.now())
}

/** Ends the session; one that has ended already is no error. */
export async function signOut(ctx: Context, token: string): Promise<void> {
  const ended = await revokeCredential(ctx.tx, hashOf(token), ctx.now())
  if (ended) await append(ctx, { type: 'session.closed', subject: { kind: 'session', id: ended.id } })
}

/** Keys that hold and that the caller reaches, the newest first. */
export async function listKeys(ctx: Context): Promise<ApiKey[]> {
  permit(ctx, 'keys.read')
  return (await selectKeys(ctx)).map((row) => fromRow(row, ctx.actor))
}

/** Makes a key. */
export async function createKey(ctx: Context, input: NewApiKey): Promise<{ key: ApiKey; token: string }> {
  permit(ctx, 'keys.write')
  const { name, scopes, expires_at } = input
  const ends_at = expires_at === null ? null : fromIso(expires_at)
  const given = await requireGivable(ctx, input, endErrors(ends_at, ctx.now()))
  const { account_id } = given
  const { row, token } = await mint(ctx, { kind: 'api_key', name, scopes, ...given, expires_at: ends_at })
  const key = await requireKey(ctx, row.id)
  const after = fromRow(key, ctx.actor)
  await append(ctx, { type: 'credential.created', subject: { kind: 'credential', id: row.id }, account_id, after })
  return { key: after, token }
}

const endErrors = (ends_at: Instant | null, now: Instant): FieldError[] =>
  ends_at !== null && ends_at <= now ? [{ pointer: '/expires_at', detail: 'must lie ahead' }] : []

async function requireKey(ctx: Context, id: string): Promise<KeyRow> {
  const row = (await selectKeys(ctx)).find((one) => one.id === id)
  if (!row) throw new Problem('not_found', `There is no API key ${id}.`)
  return row
}

/** Ends a key at once, with the sessions that it opened. */
export async function revokeApiKey(ctx: Context, id: string): Promise<void> {
  permit(ctx, 'keys.write')
  const row = await requireKey(ctx, id)
  const beyond = [...permissionsOf(row.role, row.scopes, row.custom_role)].some(
    (one) => !ctx.actor.permissions.has(one),
  )
  if (beyond) throw new Problem('forbidden', 'This key may do more than you: only who may do as much can revoke it.')
  await revokeKey(ctx.tx, id, ctx.now())
  const { account_id } = row
  const before = fromRow(row, ctx.actor)
  await append(ctx, { type: 'credential.revoked', subject: { kind: 'credential', id }, account_id, before })
}

const fromRow = (row: KeyRow, actor: Actor): ApiKey => ({
  id: row.id,
  name: row.name,
  role: row.role,
  custom_role: nameOf(row.custom_role),
  scopes: row.scopes,
  account: row.account_id === null ? null : { id: row.account_id, name: row.account_name ?? '' },
  projects: row.projects,
  created_at: iso(row.created_at),
  created_by: row.created_by,
  expires_at: row.expires_at === null ? null : iso(row.expires_at),
  last_used_at: row.used_at === null ? null : iso(row.used_at),
  yours: row.id === actor.id,
})
