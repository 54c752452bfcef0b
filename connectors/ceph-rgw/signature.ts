/** AWS Signature Version 4 of a request, as S3 and radosgw check it. Pure. */
import { createHash, createHmac } from 'node:crypto'

export interface Credential {
  access_key: string
  secret_key: string
  region: string
}

const hex = (text: string): string => createHash('sha256').update(text).digest('hex')
const keyed = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
const NOTHING = hex('')

/** RFC 3986, which is stricter than what a URL keeps as it is. */
export const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)

/** `name=value&…`, sorted and encoded: what is sent and what is signed. */
export const queryText = (query: Readonly<Record<string, string>>): string =>
  Object.entries(query)
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .toSorted()
    .join('&')

export interface Signable {
  method: string
  host: string
  /** encoded, from `/` on */
  path: string
  query: Readonly<Record<string, string>>
  headers?: Readonly<Record<string, string>>
  /** hexadecimal SHA-256; nothing is sent where it is left out */
  body_sha256?: string
}

/** The headers to send with the request; `host` goes by itself. */
export function signed(request: Signable, credential: Credential, at_ms: number): Record<string, string> {
  const stamp = new Date(at_ms).toISOString().replace(/[-:]|\.\d{3}/g, '')
  const day = stamp.slice(0, 8)
  const body = request.body_sha256 ?? NOTHING
  const own = { ...request.headers, 'x-amz-content-sha256': body, 'x-amz-date': stamp }
  const all: Record<string, string> = { ...own, host: request.host }
  const names = Object.keys(all).toSorted()
  const canonical = [
    request.method,
    request.path,
    queryText(request.query),
    ...names.map((name) => `${name}:${all[name]}`),
    '',
    names.join(';'),
    body,
  ].join('\n')
  const scope = `${day}/${credential.region}/s3/aws4_request`
  const key = ['s3', 'aws4_request'].reduce(keyed, keyed(keyed(`AWS4${credential.secret_key}`, day), credential.region))
  const signature = keyed(key, ['AWS4-HMAC-SHA256', stamp, scope, hex(canonical)].join('\n')).toString('hex')
  return {
    ...own,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential.access_key}/${scope},SignedHeaders=${names.join(';')},Signature=${signature}`,
  }
}
