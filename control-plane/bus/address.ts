/** Reads the NATS addresses of the environment: a comma-separated list that may carry a user or a token. */
export interface Address {
  servers: string[]
  user?: string
  pass?: string
  token?: string
}

/** `nats://user:password@host:4222,nats://other:4222`; the first credentials found count for all servers. */
export function readAddress(text: string): Address {
  const urls = text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map(parsed)
  const signed = urls.find((url) => url.username !== '')
  return { servers: urls.map((url) => `${url.protocol}//${url.host}`), ...credentialsOf(signed) }
}

/** The runtime's own error would repeat the address, password and all. */
function parsed(part: string): URL {
  const url = URL.parse(part.includes('://') ? part : `nats://${part}`)
  if (!url) throw new Error('An address of NATS is not valid. It looks like nats://user:password@host:4222.')
  return url
}

function credentialsOf(url: URL | undefined): Omit<Address, 'servers'> {
  if (!url) return {}
  const name = decodeURIComponent(url.username)
  return url.password === '' ? { token: name } : { user: name, pass: decodeURIComponent(url.password) }
}
