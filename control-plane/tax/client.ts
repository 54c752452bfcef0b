/** VIES, the Commission's register of VAT ids, by its REST interface: https://ec.europa.eu/taxation_customs/vies/#/technical-information */
import { z } from 'zod'
import type { VatId } from './vat-id.ts'

export interface VatAnswer {
  result: 'valid' | 'invalid' | 'unavailable'
  request_id: string | null
  name: string | null
  detail: string
}
/** Asks whether an id is valid; `requester`: who asks, so that the answer has a consultation number. Never throws: what can't be reached is unavailable. */
export type VatRegister = (vat: VatId, requester: VatId | null) => Promise<VatAnswer>

const Answer = z.object({
  valid: z.boolean(),
  requestIdentifier: z.string().nullish(),
  name: z.string().nullish(),
})
const Refusal = z.object({ errorWrappers: z.array(z.object({ error: z.string() })).min(1) })

const TIMEOUT_MS = 10_000
const unavailable = (detail: string): VatAnswer => ({ result: 'unavailable', request_id: null, name: null, detail })
/** VIES writes "---" where a state tells nothing. */
const told = (text: string | null | undefined): string | null =>
  !text || /^-+$/.test(text) ? null : text.slice(0, 200)

/** `base`: such as https://ec.europa.eu/taxation_customs/vies/rest-api */
export const vies =
  (base: string): VatRegister =>
  async (vat, requester) => {
    const [prefix, own] = [vat.id.slice(0, 2), requester?.isRight ? requester : null]
    const asked = {
      countryCode: prefix,
      vatNumber: vat.number,
      ...(own && { requesterMemberStateCode: own.id.slice(0, 2), requesterNumber: own.number }),
    }
    try {
      const answer = await fetch(`${base}/check-vat-number`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(asked),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      return read(await answer.json(), answer.status)
    } catch (error) {
      return unavailable(
        error instanceof Error && error.name === 'TimeoutError'
          ? 'VIES did not answer in 10 s.'
          : 'VIES could not be reached.',
      )
    }
  }

function read(body: unknown, status: number): VatAnswer {
  const refusal = Refusal.safeParse(body).data?.errorWrappers[0]?.error
  // what it says of the id itself is an answer; all else (MS_UNAVAILABLE, GLOBAL_MAX_CONCURRENT_REQ, …) is none
  if (refusal === 'INVALID_INPUT')
    return { result: 'invalid', request_id: null, name: null, detail: 'VIES: INVALID_INPUT' }
  if (refusal !== undefined) return unavailable(`VIES: ${refusal.slice(0, 60)}`)
  const answer = Answer.safeParse(body).data
  if (!answer || status !== 200) return unavailable(`VIES answered with status ${status}.`)
  const request_id = told(answer.requestIdentifier)
  return { result: answer.valid ? 'valid' : 'invalid', request_id, name: told(answer.name), detail: '' }
}
