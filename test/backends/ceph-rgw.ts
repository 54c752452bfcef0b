/** Drives a real radosgw from tests: starts it, sends S3 requests that are counted, makes users, trims the usage log. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { encoded, queryText, signed } from '#connectors/ceph-rgw/signature.ts'

const run = promisify(execFile)
const script = join(import.meta.dirname, 'ceph-rgw.sh')
const PACKAGES = 'ceph-mon ceph-osd radosgw ceph-common'

/** Why a real radosgw can't be started here, and what to do; undefined if it can. */
export function whyNoRgw(): string | undefined {
  const missing = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin'].filter((tool) => Bun.which(tool) === null)
  if (missing.length > 0)
    return `no ${missing.join(', ')}: as root, apt-get install -y --no-install-recommends ${PACKAGES}`
  return process.getuid?.() === 0 ? undefined : 'radosgw needs root: run the backend tests as root'
}

export interface Keys {
  access_key: string
  secret_key: string
}
export interface Reply {
  status: number
  text: string
  /** of the answer, without its head */
  bytes: number
}
export interface Rgw {
  endpoint: string
  /** a user with these capabilities, and its keys */
  user(uid: string, caps?: string): Promise<Keys>
  /** `radosgw-admin` */
  admin(...words: string[]): Promise<string>
  s3(keys: Keys, method: string, path: string, query?: Record<string, string>, body?: string): Promise<Reply>
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startRgw(dir: string, port: number): Promise<Rgw> {
  const conf = join(dir, 'ceph.conf')
  const env = { ...process.env, CEPH_DIR: dir, RGW_PORT: String(port), MON_PORT: String(port + 100), CEPH_CONF: conf }
  const sh = async (word: string) => void (await run(script, [word], { env }))
  const admin = async (...words: string[]) =>
    (await run('radosgw-admin', ['-n', 'client.rgw.a', ...words], { env, timeout: 60_000 })).stdout
  const endpoint = `http://127.0.0.1:${port}`
  try {
    await sh('start')
  } catch (error) {
    // what did start isn't left behind
    await sh('stop')
    throw error
  }
  return {
    endpoint,
    admin,
    async user(uid, caps) {
      const named = [`--uid=${uid}`, `--display-name=${uid}`]
      const { keys } = JSON.parse(await admin('user', 'create', ...named, ...(caps ? [`--caps=${caps}`] : [])))
      return keys[0]
    },
    s3: (keys, method, path, query = {}, body = '') => s3(endpoint, keys, { method, path, query, body }),
    restart: () => sh('restart'),
    stop: () => sh('stop'),
  }
}

interface Request {
  method: string
  path: string
  query: Record<string, string>
  body: string
}
async function s3(endpoint: string, keys: Keys, { method, path: plain, query, body }: Request): Promise<Reply> {
  const path = plain.split('/').map(encoded).join('/')
  const body_sha256 = createHash('sha256').update(body).digest('hex')
  const { host, hostname, port } = new URL(endpoint)
  const headers = signed({ method, host, path, query, body_sha256 }, { ...keys, region: 'us-east-1' }, Date.now())
  const asked = `${path}${Object.keys(query).length > 0 ? `?${queryText(query)}` : ''}`
  const sent = { ...headers, host, 'content-length': String(Buffer.byteLength(body)), connection: 'close' }
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}`)
  const answer = await exchange(
    hostname,
    Number(port),
    [`${method} ${asked} HTTP/1.1`, ...lines, '', body].join('\r\n'),
  )
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  const text = rest.join('\r\n\r\n')
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]), text, bytes: text.length }
}

/** All that comes back, byte by byte as latin1: radosgw counts what is on the wire, the framing of chunks too. */
function exchange(host: string, port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => socket.write(request))
    const parts: Buffer[] = []
    socket.on('data', (part) => parts.push(part))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(parts).toString('latin1')))
  })
}
