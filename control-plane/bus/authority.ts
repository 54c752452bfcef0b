/** What this installation's NATS trusts: the keys of its operator, its accounts and its agents' role, and what each of them signs. */
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createAccount, createOperator, createUser, fromPublic, fromSeed, type KeyPair } from '@nats-io/nkeys'
import { type Authenticator, jwtAuthenticator } from '@nats-io/transport-node'
import { accountJwt, agentJwt, operatorJwt, ownUserJwt, type Revocations, systemAccountJwt } from './claims.ts'

/** Seeds as nkeys, and the JWTs by which a new server begins; the account's own is replaced by what `keepAccount` sends. */
export interface Trust {
  operator: string
  system: string
  account: string
  agents: string
  operator_jwt: string
  system_jwt: string
  account_jwt: string
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const keyOf = (seed: string): KeyPair => fromSeed(new TextEncoder().encode(seed))

export async function newTrust(): Promise<Trust> {
  const [operator, system, account, agents] = [createOperator(), createAccount(), createAccount(), createAccount()]
  const seed = (key: KeyPair) => text(key.getSeed())
  return {
    operator: seed(operator),
    system: seed(system),
    account: seed(account),
    agents: seed(agents),
    operator_jwt: await operatorJwt(operator, system.getPublicKey()),
    system_jwt: await systemAccountJwt(operator, system),
    account_jwt: await accountJwt(operator, account, agents, {}),
  }
}

const SEED = /^S[OA][A-Z2-7]{56}$/
const JWT = /^[\w-]+\.[\w-]+\.[\w-]+$/
const FIELDS: Readonly<Record<keyof Trust, RegExp>> = {
  operator: SEED,
  system: SEED,
  account: SEED,
  agents: SEED,
  operator_jwt: JWT,
  system_jwt: JWT,
  account_jwt: JWT,
}

/** The trust in a record that may hold more; null where a part is missing or is none. Nothing of it is ever repeated. */
export function trustIn(record: Readonly<Record<string, unknown>> | null): Trust | null {
  const names = Object.keys(FIELDS) as (keyof Trust)[]
  if (!record || !names.every((name) => FIELDS[name].test(String(record[name])))) return null
  return Object.fromEntries(names.map((name) => [name, String(record[name])])) as unknown as Trust
}

export interface Credential {
  jwt: string
  expires_in_ms: number
}

export class Authority {
  readonly accountId: string
  readonly systemId: string
  readonly #operator: KeyPair
  readonly #system: KeyPair
  readonly #account: KeyPair
  readonly #agents: KeyPair
  /** the same in every process that has these keys */
  readonly secret: Buffer

  constructor(trust: Trust) {
    this.#operator = keyOf(trust.operator)
    this.#system = keyOf(trust.system)
    this.#account = keyOf(trust.account)
    this.#agents = keyOf(trust.agents)
    this.accountId = this.#account.getPublicKey()
    this.systemId = this.#system.getPublicKey()
    this.secret = createHmac('sha256', trust.agents).update('a secret for other uses').digest()
  }

  /** The file that `deploy/nats.ts` makes. */
  static in(file: string): Authority {
    const remedy = 'It is made by `npm run up`, or by `bun deploy/nats.ts FOLDER`; ATALAYA_NATS_KEYS names it.'
    let record: unknown
    try {
      record = JSON.parse(readFileSync(file, 'utf8'))
    } catch (error) {
      const why = (error as NodeJS.ErrnoException).code ?? "it isn't JSON"
      throw new Error(`The keys of NATS in ${file} can't be read (${why}). ${remedy}`, { cause: error })
    }
    const trust = trustIn(record as Record<string, unknown>)
    if (!trust) throw new Error(`${file} doesn't hold the keys of NATS. ${remedy}`)
    return new Authority(trust)
  }

  /** A login of ours to the account of agents, or to the server's own. Its key lives as long as the process. */
  async login(name: string, to: 'agents' | 'server' = 'agents'): Promise<Authenticator> {
    const user = createUser()
    const jwt = await ownUserJwt(name, user, to === 'server' ? this.#system : this.#account)
    return jwtAuthenticator(jwt, user.getSeed())
  }

  account(revocations: Revocations): Promise<string> {
    return accountJwt(this.#operator, this.#account, this.#agents, revocations)
  }

  /** For whoever holds the secret half of the key, and nobody else: the server asks for a signature by it. */
  async issue(agent_id: string, public_key: string, lifetime_s: number, now: number): Promise<Credential> {
    const ends_at = Math.floor(now / 1_000) + lifetime_s
    const jwt = await agentJwt(agent_id, fromPublic(public_key) as KeyPair, this.#account, this.#agents, ends_at)
    return { jwt, expires_in_ms: ends_at * 1_000 - now }
  }
}
