/** The one place where an error becomes an answer: problem+json (RFC 9457) that leaks nothing of the inside. */
import { HTTPException } from 'hono/http-exception'
import { Problem, type ProblemCode, PROBLEMS } from '../base/problem.ts'
import { databaseError, isUnreachable } from '../db/index.ts'
import type { ProblemBody } from './contract.ts'

/** Seconds to wait before it is sent again. */
const RETRY_AFTER: Partial<Record<ProblemCode, number>> = { unavailable: 5, rate_limited: 60, key_in_use: 1 }

export function problemBody(problem: Problem, request_id: string): ProblemBody {
  const [status, title] = PROBLEMS[problem.code]
  return {
    type: `urn:atalaya:problem:${problem.code}`,
    title,
    status,
    code: problem.code,
    detail: problem.message,
    request_id,
    ...(problem.errors.length > 0 ? { errors: problem.errors } : {}),
  }
}

export function problemResponse(problem: Problem, request_id: string): Response {
  const body = problemBody(problem, request_id)
  const wait = RETRY_AFTER[problem.code]
  return Response.json(body, {
    status: body.status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(wait === undefined ? {} : { 'retry-after': String(wait) }),
    },
  })
}

/** The problem that an error is to its caller. `unexpected` is the only one that is a fault of the program. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof HTTPException) return fromHttp(error)
  if (isUnreachable(error))
    return new Problem(
      'unavailable',
      "The database isn't reachable, so nothing was done. The program keeps trying to reach it; send this again in a moment.",
    )
  return fromDatabase(databaseError(error)?.code ?? '')
}

const BY_STATUS: Readonly<Record<number, ProblemCode>> = {
  400: 'malformed',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  413: 'too_large',
  415: 'unsupported',
}

const fromHttp = (error: HTTPException): Problem =>
  new Problem(BY_STATUS[error.status] ?? 'malformed', error.message || 'The request cannot be read.')

/** SQLSTATEs that are about the request or the moment, not about a mistake of ours. */
function fromDatabase(state: string): Problem {
  if (/^(22021|22P02|22P05|22007|22008|22009|22003)$/.test(state))
    return new Problem('invalid', 'A value in the request cannot be stored, for example a NUL character in a text.')
  if (/^(40001|40P01|55P03)$/.test(state))
    return new Problem('conflict', 'Somebody changed the same thing at this very moment; send this again.')
  if (state === '57014')
    return new Problem('unavailable', 'The database took too long and the request was given up; ask for less.')
  return new Problem('unexpected', 'It was logged with this request id. Send it again; if it stays, report the id.')
}
