/** Trades a one-time token for an identity: the key is made here and its secret half never leaves. */
import { hostname } from 'node:os'
import { createUser } from '@nats-io/nkeys'
import { strict, text } from '#connectors/shape.ts'
import { ask } from './api.ts'
import { connection } from './connection.ts'
import { accessShape, saveCredential } from './credential.ts'
import { type Identity, identityShape, loadIdentity, saveIdentity } from './identity.ts'
import { VERSION } from './version.ts'

const answerShape = strict({ agent_id: text(1, 64), ...accessShape })

export interface Enrolment {
  url: string
  token: string
  name?: string
  state: string
  machine_id: string | null
}

export async function enrol({ url, token, name, state, machine_id }: Enrolment): Promise<Identity> {
  const before = loadIdentity(state)
  if (before)
    throw new Error(`${state} holds the agent ${before.agent_id} already: run it, or enrol with another --state`)
  const key = createUser()
  const answer = await ask(url, 'agents/enrol', {
    token,
    name: name ?? hostname(),
    public_key: key.getPublicKey(),
    machine_id,
    version: VERSION,
  })
  const { credential, ...who } = answerShape(answer)
  // an address that would be refused later is refused now, before anything is kept
  connection(who.nats_url)
  const identity = identityShape({ ...who, url, seed: new TextDecoder().decode(key.getSeed()) })
  if (credential) saveCredential(state, credential)
  saveIdentity(state, identity)
  return identity
}

/** Tells an agent that was enrolled before agents kept it where its control plane is; false where there is nothing to tell. */
export function learnAddress(state: string, url: string): boolean {
  const identity = loadIdentity(state)
  if (!identity || identity.url !== undefined) return false
  saveIdentity(state, { ...identity, url })
  return true
}
