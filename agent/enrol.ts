/** Trades a one-time token for an identity: the key is made here and its secret half never leaves. */
import { hostname } from 'node:os'
import { createUser } from '@nats-io/nkeys'
import { z } from 'zod'
import { type Identity, identityShape, loadIdentity, saveIdentity } from './identity.ts'
import { VERSION } from './version.ts'

const ANSWER_MS_MAX = 30_000
const Answer = z.object({ agent_id: z.string(), nats_url: z.string() })
const Problem = z.object({ title: z.string().optional(), detail: z.string().optional() })

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
  const answer = await post(new URL('api/v1/agents/enrol', url.endsWith('/') ? url : `${url}/`), {
    token,
    name: name ?? hostname(),
    public_key: key.getPublicKey(),
    machine_id,
    version: VERSION,
  })
  const identity = identityShape({ ...Answer.parse(answer), seed: new TextDecoder().decode(key.getSeed()) })
  saveIdentity(state, identity)
  return identity
}

async function post(url: URL, body: unknown): Promise<unknown> {
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, application/problem+json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
      redirect: 'error',
    })
  } catch (error) {
    throw new Error(
      `the control plane at ${url.origin} didn't answer (${error instanceof Error ? error.message : error}): check the address, and that it runs`,
      { cause: error },
    )
  }
  const answer: unknown = await response.json().catch(() => null)
  if (response.status === 201) return answer
  const { data: problem } = Problem.safeParse(answer)
  throw new Error(problem?.detail ?? problem?.title ?? `${url.origin} answered ${response.status}, and gave no reason`)
}
