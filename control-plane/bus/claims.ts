/** The JWTs of NATS, each with every limit written: one that is left out counts as 0. The only file that knows their library, which is "not a supported API". */
import { decode, encodeAccount, encodeOperator, encodeUser, newScopedSigner } from '@nats-io/jwt'
import type { KeyPair } from '@nats-io/nkeys'
import { LIMITS, SUBJECTS } from '#connectors/contract.ts'

const UNLIMITED = { conn: -1, subs: -1, data: -1, payload: -1, imports: -1, exports: -1, leaf: -1, wildcards: true }
const STORE = { mem_storage: -1, disk_storage: 4 * 1024 ** 3, streams: 16, consumer: 1_000 }
/** What the envelope's headers take beside the body. */
const HEADER_BYTES = 4 * 1024
const SUBSCRIPTIONS = 20
const NANOSECONDS_A_MINUTE = 60_000_000_000

/** The server puts the agent's own name here; a template is replaced only as a whole token of a subject. */
const OWN = '{{name()}}'
/** What any agent may do: the same words for all, each with its own name in them. */
const AGENT_ROLE = {
  pub: { allow: [SUBJECTS.report(OWN)] },
  sub: { allow: [SUBJECTS.config(OWN), SUBJECTS.command(OWN), `${SUBJECTS.inbox(OWN)}.>`] },
  resp: { max: 1, ttl: NANOSECONDS_A_MINUTE },
  subs: SUBSCRIPTIONS,
  payload: LIMITS.bodyBytes + HEADER_BYTES,
  data: -1,
}

/** Public user key → the second up to which JWTs issued to it are void. */
export type Revocations = Readonly<Record<string, number>>

export const operatorJwt = (operator: KeyPair, system: string): Promise<string> =>
  encodeOperator('atalaya', operator, { system_account: system })

export const systemAccountJwt = (operator: KeyPair, system: KeyPair): Promise<string> =>
  encodeAccount('SYS', system, { limits: UNLIMITED }, { signer: operator })

export const accountJwt = (
  operator: KeyPair,
  account: KeyPair,
  agents: KeyPair,
  revocations: Revocations,
): Promise<string> =>
  encodeAccount(
    'ATALAYA',
    account,
    {
      limits: { ...UNLIMITED, ...STORE },
      signing_keys: [newScopedSigner(agents, 'agent', AGENT_ROLE)],
      revocations: { ...revocations },
    },
    { signer: operator },
  )

/** One that may do all that its account may; its key lives as long as the process. */
export const ownUserJwt = (name: string, user: KeyPair, account: KeyPair): Promise<string> =>
  encodeUser(name, user, account, { subs: -1, data: -1, payload: -1 })

/** Names the agent and nothing else: what it may do stands in the account, under the key that signs this. `ends_at` in seconds. */
export const agentJwt = (
  agent_id: string,
  public_key: KeyPair,
  account: KeyPair,
  agents: KeyPair,
  ends_at: number,
): Promise<string> => encodeUser(agent_id, public_key, account, {}, { signer: agents, scopedUser: true, exp: ends_at })

interface Claims {
  sub?: unknown
  exp?: number
  nats?: unknown
}

/** What a JWT claims, whoever signed it; null where it is none. */
export function claimsIn(jwt: unknown): Claims | null {
  try {
    return decode(String(jwt))
  } catch {
    return null
  }
}

/** True where two JWTs of an account allow and void the same, whenever they were issued. */
export function saysTheSame(one: string, other: string): boolean {
  const said = (jwt: string) => JSON.stringify(sorted(claimsIn(jwt)?.nats ?? null))
  return said(one) === said(other)
}

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : value !== null && typeof value === 'object'
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, item]) => [key, sorted(item)]),
        )
      : value
