/** Whose settings these are: a person's who signed in, and what asks for his password once more. */
import { isAPIError } from 'better-auth/api'
import { Problem } from '../../base/problem.ts'
import type { Context } from '../../db/index.ts'
import type { Auth, Gate } from '../gate.ts'
import { countFailure, forgive, whyWait } from '../lock-out.ts'
import { openPersonal } from '../privacy/names.ts'
import { type PersonRow, selectPerson } from '../store.ts'

export interface Known extends PersonRow {
  name: string
  email: string
}
export interface Me extends Known {
  session_id: string
}

/** A person with his name and e-mail opened; null where there is none, or none any more. */
export async function known(ctx: Context, id: string): Promise<Known | null> {
  const row = await selectPerson(ctx.tx, id)
  if (row?.name == null || row.email === null) return null
  const { name, email } = await openPersonal(ctx.tx, { name: row.name, email: row.email })
  return { ...row, name, email }
}

/** A key has no profile, no password and no passkey. */
export async function me(ctx: Context): Promise<Me> {
  const { session_id, id } = ctx.actor
  const person = session_id === undefined ? null : await known(ctx, id)
  if (!person || session_id === undefined)
    throw new Problem('conflict', 'Only a person has this. You act by a key: sign in with e-mail and password.')
  return { ...person, session_id }
}

export const about = (person: Pick<PersonRow, 'id'>) => ({ kind: 'person', id: person.id })

/** What a step that asks for the password came to: a refusal is returned, so that what it counted stays. */
export type Step<T> = { done: T; cookies: Headers } | { refused: Problem }

export const WRONG = new Problem('invalid', 'The password is wrong.', [{ pointer: '/password', detail: 'is wrong' }])

/** Runs a call of better-auth that asks for the password; wrong ones count as at the sign-in. */
export async function withPassword<T>(
  ctx: Context,
  gate: Gate,
  person: Me,
  call: (auth: Auth) => Promise<{ headers: Headers; response: T }>,
): Promise<Step<T>> {
  const wait = await whyWait(ctx, person.email)
  if (wait) return { refused: wait }
  try {
    const { headers, response } = await gate.within(ctx, call)
    await forgive(ctx, person.email)
    return { done: response, cookies: headers }
  } catch (error) {
    const code = isAPIError(error) ? String(error.body?.code) : ''
    if (code === 'TOTP_ALREADY_ENABLED')
      return { refused: new Problem('conflict', 'The second factor is on already. Turn it off first.') }
    if (code !== 'INVALID_PASSWORD') throw error
    await countFailure(ctx, person.email)
    return { refused: WRONG }
  }
}
