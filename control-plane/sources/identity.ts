/** Verbs of who an agent is: a new credential for whoever holds its key, and whom the nats-server must refuse. */
import { renewalText } from '#connectors/contract.ts'
import { permit } from '../base/actor.ts'
import { isSignedBy } from '../base/nkey.ts'
import { Problem } from '../base/problem.ts'
import { HOUR_MS } from '../base/time.ts'
import type { Context } from '../db/index.ts'
import type { Access, Renewal } from './contract.ts'
import type { Refusal, Refusals } from './refusals.ts'
import { selectAgent, selectRevoked } from './store.ts'

/** A credential lives no longer than this, whatever is configured. */
export const CREDENTIAL_LIFETIME_S_MAX = 24 * 3_600
/** By then what was issued before a revocation has run out by itself, on clocks that differ. */
const REVOCATION_KEPT_MS = CREDENTIAL_LIFETIME_S_MAX * 1_000 + HOUR_MS
/** What a server takes in one JWT; those revoked longest ago are left out: reports of theirs are refused all the same. */
const REVOCATIONS_MAX = 5_000

/** How agents are let in; what signs is the bus's. */
export interface Admission {
  /** for the agent with this key; a null credential where agents share a password */
  access(agent_id: string, public_key: string): Promise<Access>
  challenge(): string
  isFresh(challenge: string): boolean
}

/** A problem that leaves an audit record, though its transaction is undone. */
export class Refused extends Problem {
  readonly refusal: Refusal
  constructor(detail: string, refusal: Refusal) {
    super('unauthenticated', detail)
    this.refusal = refusal
  }
}

/** What was refused leaves a record, though nothing else of the request does. */
export async function noted<T>(refusals: Refusals, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof Refused) refusals.note(error.refusal)
    throw error
  }
}

/** Whoever signs a fresh challenge with the key of a living agent is that agent: the signature is the permission. Returns the key. */
export async function recognise(
  ctx: Context,
  admission: Pick<Admission, 'isFresh'>,
  { agent_id, challenge, signature }: Renewal,
  /** what was to be signed, and what it is called in the audit */
  text = renewalText(agent_id, challenge),
  what = 'renewal',
): Promise<string> {
  const refused = (reason: string, about: Refusal['about'], detail: string) =>
    new Refused(detail, { reason, about, detail })
  if (!admission.isFresh(challenge))
    throw refused(`stale_${what}`, null, 'The challenge was not given here, or is too old. Ask for a new one.')
  const found = await selectAgent(ctx.tx, agent_id)
  const about = found && ({ kind: 'agent', id: found.id } as const)
  if (!found || !isSignedBy(found.public_key, text, signature))
    throw refused(
      `unproven_${what}`,
      about,
      'The signature is not that of an agent which is enrolled here: enrol it again.',
    )
  if (found.revoked_at !== null)
    throw refused(`revoked_${what}`, about, 'This agent was revoked: enrol it again if it should report.')
  return found.public_key
}

/** Public keys whose credentials are void, with the second up to which. */
export async function revocations(ctx: Context): Promise<Record<string, number>> {
  permit(ctx, 'agents.read')
  const revoked = await selectRevoked(ctx.tx, ctx.now() - REVOCATION_KEPT_MS, REVOCATIONS_MAX)
  // up to the next whole second: what was issued in this one is void, too
  return Object.fromEntries(revoked.map((one) => [one.public_key, Math.ceil((one.revoked_at ?? 0) / 1_000)]))
}
