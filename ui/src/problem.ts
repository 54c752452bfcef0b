/** What went wrong with a request, as one error type that pages can show: what failed, why, what to do. */
import type { ProblemBody } from '#control-plane/http/contract.ts'

export type ProblemCode = ProblemBody['code'] | 'offline' | 'timeout' | 'bad_answer'

export class ApiError extends Error {
  readonly status: number
  readonly code: ProblemCode
  readonly title: string
  readonly requestId: string
  /** pointer into the request body (RFC 6901) → what is wrong there */
  readonly fields: ReadonlyMap<string, string>
  constructor(problem: Omit<ProblemBody, 'type'>) {
    super(problem.detail)
    this.name = 'ApiError'
    this.status = problem.status
    this.code = problem.code
    this.title = problem.title
    this.requestId = problem.request_id
    this.fields = new Map((problem.errors ?? []).map((e) => [e.pointer, e.detail]))
  }
}

export const unreachable = (detail: string): ApiError =>
  new ApiError({ status: 0, code: 'offline', title: '', detail, request_id: '' })

const isProblem = (body: unknown): body is ProblemBody =>
  typeof body === 'object' && body !== null && 'code' in body && 'detail' in body

/** A refusal in our own words where it is one of ours; a proxy's error page otherwise. */
export async function problemOf(response: Response): Promise<ApiError> {
  const requestId = response.headers.get('x-request-id') ?? ''
  const body: unknown = await response.json().catch(() => null)
  if (isProblem(body)) return new ApiError(body)
  return new ApiError({
    status: response.status,
    code: response.status >= 502 ? 'unavailable' : 'bad_answer',
    title: '',
    detail: `HTTP ${response.status}`,
    request_id: requestId,
  })
}

export const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError ? error : unreachable(error instanceof Error ? error.message : String(error))
