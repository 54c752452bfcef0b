/** Trades a one-time token for an identity: the key is made here and its secret half never leaves. */
import { createHash, randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { createUser } from '@nats-io/nkeys'
import { strict, text } from '#connectors/shape.ts'
import { ask } from './api.ts'
import { connection } from './connection.ts'
import { accessShape, saveCredential } from './credential.ts'
import { readJsonIfWhole, writeWhole } from './files.ts'
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
  const { key, seed, request } = beginning(state, url, { token, name: name ?? hostname(), machine_id })
  const answer = await ask(url, 'agents/enrol', { token, ...request }, key)
  const { credential, ...who } = answerShape(answer)
  // an address that would be refused later is refused now, before anything is kept
  connection(who.nats_url)
  const identity = identityShape({ ...who, url, seed })
  if (credential) saveCredential(state, credential)
  saveIdentity(state, identity)
  rmSync(pathIn(state), { force: true })
  return identity
}

/** What was asked under a token, until its answer has come: an answer that was lost is asked for again, by the same key. */
const begunShape = strict({
  /** of address and token, which itself is not kept */
  about: text(64, 64),
  key: text(1, 64),
  seed: text(58, 58),
  request: strict({
    name: text(1, 256),
    public_key: text(56, 56),
    machine_id: (value, at) => (value === null ? null : text(0, 256)(value, at)),
    version: text(1, 64),
  }),
})
const pathIn = (state: string) => join(state, 'enrolment.json')

function beginning(
  state: string,
  url: string,
  { token, name, machine_id }: { token: string; name: string; machine_id: string | null },
) {
  const about = createHash('sha256')
    .update(JSON.stringify([url, token, name]))
    .digest('hex')
  const kept = readJsonIfWhole(pathIn(state))
  if (kept !== undefined) {
    const begun = begunShape(kept)
    if (begun.about === about) return begun
  }
  const user = createUser()
  const begun = {
    about,
    key: randomUUID(),
    seed: new TextDecoder().decode(user.getSeed()),
    request: { name, public_key: user.getPublicKey(), machine_id, version: VERSION },
  }
  writeWhole(pathIn(state), JSON.stringify(begun))
  return begun
}

/** Tells an agent that was enrolled before agents kept it where its control plane is; false where there is nothing to tell. */
export function learnAddress(state: string, url: string): boolean {
  const identity = loadIdentity(state)
  if (!identity || identity.url !== undefined) return false
  saveIdentity(state, { ...identity, url })
  return true
}
