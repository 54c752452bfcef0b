/** Reads the NATS addresses of the environment: a comma-separated list that may carry a user or a token. */
export interface Address {
  servers: string[]
  user?: string
  pass?: string
  token?: string
  /** an address asked for it: a server that doesn't offer it is refused */
  tls?: true
}

/** Hosts that no network lies before. */
const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)

/** True where a part of the way would be travelled in the clear. */
export const isPlain = (text: string): boolean =>
  partsOf(text).some(({ protocol, hostname }) => protocol !== 'tls:' && !isLoopback(hostname))

/** `nats://user:password@host:4222,nats://other:4222`; the first credentials found count for all servers. */
export function readAddress(text: string): Address {
  const urls = partsOf(text)
  const signed = urls.find((url) => url.username !== '')
  return {
    servers: urls.map((url) => `${url.protocol}//${url.host}`),
    ...credentialsOf(signed),
    ...(urls.some(({ protocol }) => protocol === 'tls:') && { tls: true }),
  }
}

const partsOf = (text: string): URL[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map(parsed)

/** The runtime's own error would repeat the address, password and all. */
function parsed(part: string): URL {
  const url = URL.parse(part.includes('://') ? part : `nats://${part}`)
  if (!url) throw new Error('An address of NATS is not valid. It looks like nats://user:password@host:4222.')
  return url
}

function credentialsOf(url: URL | undefined): Omit<Address, 'servers' | 'tls'> {
  if (!url) return {}
  const name = decodeURIComponent(url.username)
  return url.password === '' ? { token: name } : { user: name, pass: decodeURIComponent(url.password) }
}
