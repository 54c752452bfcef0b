/** How agents are let in to NATS: by a credential of their own where we hold its keys, else by the password in the address. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Authority } from './bus/index.ts'
import type { Clock } from './db/index.ts'
import type { Environment } from './environment.ts'
import type { Admission } from './sources/index.ts'

/** A challenge is signed at once: an older one was kept by somebody. */
const CHALLENGE_MS = 60_000

export function admissionBy(
  authority: Authority | null,
  { agentNatsUrl: nats_url, credential_s }: Pick<Environment, 'agentNatsUrl' | 'credential_s'>,
  now: Clock,
): Admission {
  return {
    ...challenges(authority?.secret ?? randomBytes(32), now),
    access: async (agent_id, public_key) => ({
      nats_url,
      credential: authority ? await authority.issue(agent_id, public_key, credential_s, now()) : null,
    }),
  }
}

/** Words that are known again without being kept, by our own clock alone: that of the agent may be off. */
function challenges(secret: Buffer, now: Clock): Pick<Admission, 'challenge' | 'isFresh'> {
  const mark = (at: number) => createHmac('sha256', secret).update(`challenge ${at}`).digest('base64url')
  return {
    challenge: () => {
      const at = now()
      return `${at}.${mark(at)}`
    },
    isFresh: (challenge) => {
      const [, at = '', shown = ''] = /^(\d{1,15})\.([\w-]{43})$/.exec(challenge) ?? []
      const isOurs = shown !== '' && timingSafeEqual(Buffer.from(shown), Buffer.from(mark(Number(at))))
      return isOurs && Math.abs(now() - Number(at)) <= CHALLENGE_MS
    },
  }
}
