/** Verbs of single sign-on: which providers there are. Their secrets go in and never come out. */
import { permit } from '../base/actor.ts'
import { newId } from '../base/id.ts'
import { Problem } from '../base/problem.ts'
import { iso } from '../base/time.ts'
import { type Context, databaseError } from '../db/index.ts'
import { append } from '../events/index.ts'
import { isSealedByOld, openFields, sealFields, UnreadableSecret } from '../secrets/index.ts'
import type { NewSsoProvider, SsoProvider } from './contract.ts'
import type { Gate } from './gate.ts'
import { SECRET_NAMES, SIGN_IN } from './privacy/look-up.ts'
import { ownerOf } from './sso.ts'
import {
  deleteProvider,
  insertProvider,
  type ProviderRow,
  selectProvider,
  selectProviders,
  selectSecret,
  updateProviderSecret,
  updateSecret,
} from './store.ts'

const FIELD = 'client_secret'

const fromRow = ({ client_secret: _sealed, ...row }: ProviderRow, gate: Gate): SsoProvider => ({
  ...row,
  redirect_uri: `${gate.publicUrl}/api/v1/sso/callback/${row.id}`,
  created_at: iso(row.created_at),
})

export async function listProviders(ctx: Context, gate: Gate): Promise<SsoProvider[]> {
  permit(ctx, 'installation.write')
  return (await selectProviders(ctx.tx)).map((row) => fromRow(row, gate))
}

export async function addProvider(ctx: Context, gate: Gate, input: NewSsoProvider): Promise<SsoProvider> {
  permit(ctx, 'installation.write')
  const id = newId()
  const { client_secret, ...rest } = input
  const sealed = await sealFields(ctx, ownerOf(id), { client_secret }, [FIELD])
  const row = { id, ...rest, client_secret: sealed[FIELD], created_at: ctx.now(), created_by: ctx.actor.name }
  await insertProvider(ctx.tx, row).catch((error: unknown) => {
    if (databaseError(error)?.code !== '23505') throw error
    throw new Problem('conflict', 'This client of this issuer is configured already.')
  })
  const after = fromRow(row, gate)
  await append(ctx, { type: 'sso_provider.added', subject: { kind: 'sso_provider', id }, after })
  return after
}

/** Who signed in by it signs in by password or passkey from now on. */
export async function removeProvider(ctx: Context, gate: Gate, id: string): Promise<void> {
  permit(ctx, 'installation.write')
  const row = await selectProvider(ctx.tx, id)
  if (!row) throw new Problem('not_found', `There is no provider ${id}.`)
  await deleteProvider(ctx.tx, id)
  await append(ctx, { type: 'sso_provider.removed', subject: { kind: 'sso_provider', id }, before: fromRow(row, gate) })
}

interface Sealed {
  /** whose it is, as `sealFields` says it, and as people call it */
  owner: string
  title: string
  name: string
  value: unknown
  keep: (value: unknown) => Promise<void>
}

async function allSealed(ctx: Context): Promise<Sealed[]> {
  const own: Sealed[] = []
  for (const name of SECRET_NAMES) {
    const value = await selectSecret(ctx.tx, name)
    const keep = (next: unknown) => updateSecret(ctx.tx, name, next)
    if (value !== null) own.push({ owner: SIGN_IN, title: `The sign-in ${name}`, name, value, keep })
  }
  const others = (await selectProviders(ctx.tx)).map((row) => ({
    owner: ownerOf(row.id),
    title: `Single sign-on provider ${row.id}`,
    name: FIELD,
    value: row.client_secret,
    keep: (next: unknown) => updateProviderSecret(ctx.tx, row.id, next),
  }))
  return [...own, ...others]
}

/** Seals anew what an older key sealed; answers what no key here opens. */
export async function resealSignIn(ctx: Context): Promise<string[]> {
  permit(ctx, 'installation.write')
  const unreadable: string[] = []
  for (const { owner, title, name, value, keep } of await allSealed(ctx)) {
    if (!isSealedByOld({ [name]: value }, [name])) continue
    try {
      const opened = openFields(owner, { [name]: value }, [name])
      await keep((await sealFields(ctx, owner, opened, [name]))[name])
      await append(ctx, { type: 'secret.sealed', subject: { kind: 'secret', id: owner } })
    } catch (error) {
      if (!(error instanceof UnreadableSecret)) throw error
      unreadable.push(title)
    }
  }
  return unreadable
}

export async function isSignInSealedByFirst(ctx: Context): Promise<boolean> {
  permit(ctx, 'installation.write')
  return (await allSealed(ctx)).every(({ name, value }) => !isSealedByOld({ [name]: value }, [name]))
}
