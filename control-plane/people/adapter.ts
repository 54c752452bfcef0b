/** How better-auth sees our tables: in the transaction of the verb that calls it, with hashes for tokens, names opened and sealed, and opened secrets for providers. */
import type { DBAdapter } from 'better-auth'
import type { BetterAuthOptions } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { hashOf } from '../accounts/index.ts'
import { assert } from '../base/problem.ts'
import type { Context } from '../db/index.ts'
import { emailHash, nameHash } from './privacy/look-up.ts'
import { makeKey, openPersonal, sealPersonal } from './privacy/names.ts'
import { AUTH_TABLES, type PersonRow, updatePerson } from './store.ts'

type Row = Record<string, unknown>
interface Where {
  field: string
  value: unknown
}
interface Call {
  model: string
  where?: Where[]
  data?: Row
  update?: Row
}

/** The row of better-auth's own table of providers that we don't have: see `sso_provider`. */
export type FindProvider = (id: string) => Promise<Row | null>

/** Tokens of a provider are of no use after the sign-in. */
const FORGOTTEN = ['accessToken', 'refreshToken', 'idToken', 'accessTokenExpiresAt', 'refreshTokenExpiresAt']

const without = (row: Row, names: readonly string[]): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)))

const isText = (value: unknown): value is string => typeof value === 'string'

/** What is asked by e-mail is asked by its hash: what names a person lies sealed. */
async function asked(ctx: Context, { model, where }: Call): Promise<Where[] | undefined> {
  if (!where) return where
  return await Promise.all(
    where.map(async (one) => {
      const { field, value } = one
      if (model === 'session' && field === 'token' && isText(value)) return { ...one, value: hashOf(value) }
      if (model !== 'user' || field !== 'email' || !isText(value)) return one
      return { ...one, field: 'emailHash', value: await emailHash(ctx, value) }
    }),
  )
}

/** What names a person in a row, sealed; `id` is his. */
async function sealed(ctx: Context, id: string, row: Row, names: readonly string[]): Promise<Row> {
  const fields = Object.fromEntries(names.map((name) => [name, row[name]])) as Record<string, string | null | undefined>
  return { ...row, ...(await sealPersonal(ctx, id, fields)) }
}

/** Whom a call is about, where it says so. */
const idIn = ({ where }: Call): string => {
  const id = where?.find(({ field }) => field === 'id')?.value
  assert(isText(id), 'a person is changed by his id')
  return id
}

async function sealedPerson(ctx: Context, id: string, row: Row): Promise<Row> {
  const { email, name } = row
  const names = ['email', 'name'].filter((one) => isText(row[one]))
  if (names.length === 0) return row
  return {
    ...(await sealed(ctx, id, row, names)),
    ...(isText(email) && { emailHash: await emailHash(ctx, email) }),
    ...(isText(name) && { nameHash: await nameHash(ctx, name) }),
  }
}

/** Of a challenge who he is by his id is enough. */
function nameless(value: unknown): unknown {
  if (!isText(value) || !value.includes('"userData"')) return value
  const { userData, ...rest } = JSON.parse(value) as { userData?: { id?: string } }
  return JSON.stringify({ ...rest, userData: { id: userData?.id } })
}

/** A row as it is written: tokens as hashes, no token of a provider, no picture, and what names a person sealed. */
async function written(ctx: Context, call: Call, row: Row | undefined): Promise<Row | undefined> {
  if (!row) return row
  if (call.model === 'account') return without(row, FORGOTTEN)
  if (call.model === 'user') return await sealedPerson(ctx, idIn(call), without(row, ['image']))
  if (call.model === 'verification') return 'value' in row ? { ...row, value: nameless(row['value']) } : row
  if (call.model !== 'session') return row
  const hashed = isText(row['token']) ? { ...row, token: hashOf(row['token']) } : row
  const id = row['userId']
  return isText(id) ? await sealed(ctx, id, hashed, ['ipAddress', 'userAgent']) : hashed
}

async function inward(ctx: Context, call: Call): Promise<Call> {
  const { model, data, update } = call
  const where = await asked(ctx, call)
  // a person who is created has no id yet: see `created`
  const [made, changed] = [model === 'user' ? data : await written(ctx, call, data), await written(ctx, call, update)]
  return { ...call, ...(where && { where }), ...(made && { data: made }), ...(changed && { update: changed }) }
}

/** What the library knows: names in the clear, and of a session the caller's token in the place of its hash. */
async function outward(ctx: Context, call: Call, answer: unknown): Promise<unknown> {
  const opened = await openPersonal(ctx.tx, answer)
  const token = call.where?.find(({ field }) => field === 'token')?.value ?? call.data?.['token']
  if (call.model !== 'session' || !isText(token) || opened === null || typeof opened !== 'object') return opened
  return { ...opened, token }
}

/** A person gets his id first, then his key, and then what is sealed under it. */
async function created(ctx: Context, call: Call, run: Run): Promise<unknown> {
  const { email, name, ...rest } = without(call.data ?? {}, ['image'])
  const made = (await run({ ...call, data: rest })) as Row & { id: string }
  await makeKey(ctx, made.id)
  const { emailHash: email_hash, nameHash: name_hash, ...names } = await sealedPerson(ctx, made.id, { email, name })
  await updatePerson(ctx.tx, made.id, { ...names, email_hash, name_hash } as Partial<PersonRow>)
  return { ...made, email, name }
}

type Run = (call: Call) => Promise<unknown>

const providerIdOf = (call: Call): string =>
  String(call.where?.find(({ field }) => field === 'providerId')?.value ?? '')

/** `current` is the verb that runs. */
export function ownAdapter(current: () => Context, findProvider: FindProvider) {
  const db = new Proxy({} as Record<string, unknown>, {
    get: (_none, name: string) => {
      if (name === '_') return undefined
      const tx = current().tx as unknown as Record<string, unknown>
      const found = tx[name]
      return typeof found === 'function' ? found.bind(tx) : found
    },
  })
  const inner = drizzleAdapter(db, { provider: 'pg', schema: AUTH_TABLES })
  return (options: BetterAuthOptions): DBAdapter<BetterAuthOptions> => {
    const adapter = inner(options)
    const through = (method: string) => {
      const run: Run = async (call) => (adapter as unknown as Record<string, Run>)[method]?.(call)
      return async (call: Call) => {
        if (call.model === 'ssoProvider') return findProvider(providerIdOf(call))
        const ctx = current()
        if (call.model === 'user' && method === 'create') return created(ctx, call, run)
        return outward(ctx, call, await run(await inward(ctx, call)))
      }
    }
    const methods = [
      'create',
      'findOne',
      'findMany',
      'update',
      'updateMany',
      'delete',
      'deleteMany',
      'count',
      'consumeOne',
      'incrementOne',
    ]
    const own: DBAdapter<BetterAuthOptions> = {
      ...adapter,
      ...Object.fromEntries(methods.filter((name) => name in adapter).map((name) => [name, through(name)])),
      // the verb's transaction is the transaction
      transaction: (work: (tx: typeof own) => Promise<unknown>) => work(own),
    } as DBAdapter<BetterAuthOptions>
    return own
  }
}
