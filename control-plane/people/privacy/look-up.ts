/** How a person is found though his e-mail and name are sealed: by hashes that nobody can compute without the secret of this installation. */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import type { Context, Database, Tx } from '../../db/index.ts'
import { openFields, sealFields } from '../../secrets/index.ts'
import { keepSecret, readSecret } from '../store.ts'

export const SIGN_IN = 'sign-in'
/** `secret` signs cookies and encrypts second factors, `look-up` makes the hashes. */
export const SECRET_NAMES = ['secret', 'look-up'] as const
type SecretName = (typeof SECRET_NAMES)[number]

const opened = (name: SecretName, sealed: unknown): string =>
  String(openFields(SIGN_IN, { [name]: sealed }, [name])[name])

/** Made at its first use of all, then the same for every process; a rotation of keys seals it anew and leaves it as it is. */
export async function secretOf(ctx: Context, name: SecretName): Promise<string> {
  const known = await readSecret(ctx.tx, name)
  if (known !== null) return opened(name, known)
  const fresh = await sealFields(ctx, SIGN_IN, { [name]: randomBytes(32).toString('base64url') }, [name])
  return opened(name, await keepSecret(ctx.tx, name, fresh[name]))
}

type Of = 'email' | 'name'

function hash(secret: string, of: Of, text: string): string {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `atalaya ${of}`, 32))
  return createHmac('sha256', key).update(text.trim().toLowerCase()).digest('hex')
}

/** A tenant's connection never sees the secret: the program computes. */
const hashOf = (ctx: Context, of: Of, text: string): Promise<string> =>
  ctx.program(async (program) => hash(await secretOf(program, 'look-up'), of, text))
export const emailHash = (ctx: Context, email: string): Promise<string> => hashOf(ctx, 'email', email)
export const nameHash = (ctx: Context, text: string): Promise<string> => hashOf(ctx, 'name', text)

/** Both hashes of what somebody typed; null while there is nobody to be found. */
export async function hashesOf(tx: Tx | Database, text: string) {
  const kept = await readSecret(tx, 'look-up')
  if (kept === null) return null
  const secret = opened('look-up', kept)
  return { name_hash: hash(secret, 'name', text), email_hash: hash(secret, 'email', text) }
}
