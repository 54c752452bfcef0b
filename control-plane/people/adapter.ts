/** How better-auth sees our tables: in the transaction of the verb that calls it, with hashes for tokens and opened secrets for providers. */
import type { DBAdapter } from 'better-auth'
import type { BetterAuthOptions } from 'better-auth'
import { drizzleAdapter } from 'better-auth/adapters/drizzle'
import { hashOf } from '../accounts/index.ts'
import type { Tx } from '../db/index.ts'
import { AUTH_TABLES } from './store.ts'

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

/** What is written or asked of a session carries the hash of its token; of a sign-in method, no token at all. */
function inward(call: Call): Call {
  if (call.model === 'account') {
    const { data, update } = call
    return {
      ...call,
      ...(data && { data: without(data, FORGOTTEN) }),
      ...(update && { update: without(update, FORGOTTEN) }),
    }
  }
  if (call.model !== 'session') return call
  const hashed = (row: Row | undefined) =>
    typeof row?.['token'] === 'string' ? { ...row, token: hashOf(row['token']) } : row
  const where = call.where?.map((one) =>
    one.field === 'token' && typeof one.value === 'string' ? { ...one, value: hashOf(one.value) } : one,
  )
  const [data, update] = [hashed(call.data), hashed(call.update)]
  return { ...call, ...(where && { where }), ...(data && { data }), ...(update && { update }) }
}

/** The token that the caller knows, in the place of its hash. */
function outward(call: Call, answer: unknown): unknown {
  const asked = call.where?.find(({ field }) => field === 'token')?.value ?? call.data?.['token']
  if (call.model !== 'session' || typeof asked !== 'string' || answer === null || typeof answer !== 'object')
    return answer
  return { ...answer, token: asked }
}

const providerIdOf = (call: Call): string =>
  String(call.where?.find(({ field }) => field === 'providerId')?.value ?? '')

/** `current` is the transaction of the verb that runs. */
export function ownAdapter(current: () => Tx, findProvider: FindProvider) {
  const db = new Proxy({} as Record<string, unknown>, {
    get: (_none, name: string) => {
      if (name === '_') return undefined
      const tx = current() as unknown as Record<string, unknown>
      const found = tx[name]
      return typeof found === 'function' ? found.bind(tx) : found
    },
  })
  const inner = drizzleAdapter(db, { provider: 'pg', schema: AUTH_TABLES })
  return (options: BetterAuthOptions): DBAdapter<BetterAuthOptions> => {
    const adapter = inner(options)
    const through = (method: string) => {
      const run = (adapter as unknown as Record<string, (call: Call) => Promise<unknown>>)[method]
      return async (call: Call) =>
        call.model === 'ssoProvider' ? findProvider(providerIdOf(call)) : outward(call, await run?.(inward(call)))
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
