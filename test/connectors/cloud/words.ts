/** In which words each service of OpenStack refuses. */
export interface Refused {
  status: number
  message: string
  headers: Record<string, string>
}

export const refused = (status: number, message: string, headers: Record<string, string> = {}): Refused & Error =>
  Object.assign(new Error(message), { status, headers })

export const wrong = (policy: string) => refused(403, `Policy doesn't allow ${policy} to be performed.`)

const NOVA: Readonly<Record<number, string>> = {
  400: 'badRequest',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'itemNotFound',
  405: 'badMethod',
  406: 'computeFault',
  429: 'overLimit',
  503: 'serviceUnavailable',
}

export function errorOf(service: string, { status, message, headers }: Refused): Response {
  if (status === undefined) throw new Error(message)
  const nova = { [NOVA[status] ?? 'computeFault']: { code: status, message } }
  const neutron = { NeutronError: { type: 'HTTPError', message, detail: '' } }
  const keystone = { error: { code: status, message, title: 'Error' } }
  // a token that isn't valid is refused before any service, by words of the middleware
  const body = service === 'identity' || status === 401 ? keystone : service === 'network' ? neutron : nova
  return Response.json(body, { status, headers })
}
