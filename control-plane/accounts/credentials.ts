/** Verbs of credentials: one-time set-up tokens, API keys, and the sessions that either opens. */
import { type Actor, PERMISSIONS, permit } from '../base/actor.ts'
import { newId, newSecret } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import type { Instant } from '../base/time.ts'
import type { Clock, Context, Database, Tx } from '../db/index.ts'
import { append } from '../events/index.ts'
import { hashOf, sameHash } from './secret.ts'
import {
  type CredentialKind,
  type CredentialRow,
  insertCredential,
  revokeCredential,
  revokeUnused,
  selectCredential,
  useCredential,
} from './store.ts'

export const SESSION_SECONDS = 7 * 86_400
const PREFIXES = { setup_token: 'atalaya_setup', session: 'atalaya_session', api_key: 'atalaya_key' } as const

/** Returns the token, which can't be read again. */
export async function mintCredential(
  ctx: Context,
  kind: CredentialKind,
  name: string,
  expires_at?: Instant,
): Promise<string> {
  permit(ctx, 'accounts.write')
  if (kind === 'setup_token') await revokeUnused(ctx.tx, kind, ctx.now())
  const { id, token } = await mint(ctx, kind, name, expires_at ?? null)
  await append(ctx, { type: 'credential.created', subject: { kind: 'credential', id }, after: { kind, name } })
  return token
}

async function mint(ctx: Context, kind: CredentialKind, name: string, expires_at: Instant | null) {
  const [id, token] = [newId(), newSecret(PREFIXES[kind])]
  const fresh = { expires_at, used_at: null, revoked_at: null }
  await insertCredential(ctx.tx, { id, kind, hash: hashOf(token), name, created_at: ctx.now(), ...fresh })
  return { id, token }
}

const holds = (row: CredentialRow, hash: string, now: Instant): boolean =>
  sameHash(row.hash, hash) && row.revoked_at === null && (row.expires_at === null || now < row.expires_at)

/** People and roles come later; until then whoever holds a credential of the installation owns it. */
const ownerBy = (row: Pick<CredentialRow, 'id' | 'name'>): Actor => ({
  kind: 'owner',
  id: row.id,
  name: row.name,
  permissions: new Set(PERMISSIONS),
})

/** The actor of a session or an API key; null for anything else. Opens no transaction of its own. */
export async function authenticate(at: { tx: Tx | Database; now: Clock }, token: string): Promise<Actor | null> {
  const hash = hashOf(token)
  const row = await selectCredential(at.tx, hash)
  if (!row || row.kind === 'setup_token' || !holds(row, hash, at.now())) return null
  return ownerBy(row)
}

export interface OpenedSession {
  token: string
  actor: Actor
}

/** Opens a session by a set-up token, which works once, or by an API key. The token itself is the permission. */
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
  const name = shown.kind === 'setup_token' ? 'Owner' : shown.name
  const session = await mint(ctx, 'session', name, ctx.now() + SESSION_SECONDS * 1_000)
  const actor = ownerBy({ id: session.id, name })
  await append(
    { ...ctx, actor },
    { type: 'session.opened', subject: { kind: 'session', id: session.id }, after: { by: shown.kind } },
  )
  return { token: session.token, actor }
}

/** Ends the session; one that has ended already is no error. */
export async function signOut(ctx: Context, token: string): Promise<void> {
  const ended = await revokeCredential(ctx.tx, hashOf(token), ctx.now())
  if (ended) await append(ctx, { type: 'session.closed', subject: { kind: 'session', id: ended.id } })
}
