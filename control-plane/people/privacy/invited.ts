/** The address of one who is invited: he has no key yet, so the installation's seals it until he comes or the invitation ends. */
import type { Context } from '../../db/index.ts'
import { openFields, sealFields } from '../../secrets/index.ts'
import { emailHash } from './look-up.ts'

const ownerOf = (id: string): string => `invitation/${id}`

export const sealEmail = async (ctx: Context, id: string, email: string): Promise<string> =>
  String((await sealFields(ctx, ownerOf(id), { email }, ['email']))['email'])

/** What an invitation holds of the address. */
export const sealInvited = async (ctx: Context, id: string, email: string) => ({
  email: await sealEmail(ctx, id, email),
  email_hash: await emailHash(ctx, email),
})

/** What it holds once it is over. */
export const FORGOTTEN = { email: null, email_hash: null } as const

export const openEmail = ({ id, email }: { id: string; email: string | null }): string =>
  email === null ? '' : String(openFields(ownerOf(id), { email }, ['email'])['email'])
