/** An authority of a test's own and certificates by it for servers on loopback, without any tool: X.509 by ECDSA P-256. */
import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'

const DAY_MS = 86_400_000

/** One DER value: tag, length, contents. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from([tag, ...size]), body])
}
const sequence = (...parts: Uint8Array[]) => der(0x30, ...parts)
const oid = (...bytes: number[]) => der(0x06, Buffer.from(bytes))
const utf8 = (text: string) => der(0x0c, Buffer.from(text))
const bits = (bytes: Uint8Array) => der(0x03, Buffer.from([0]), bytes)
/** YYMMDDhhmmssZ */
const utcTime = (at_ms: number) =>
  der(0x17, Buffer.from(`${new Date(at_ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14)}Z`))

const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02))
const COMMON_NAME = oid(0x55, 0x04, 0x03)
const nameOf = (text: string) => sequence(der(0x31, sequence(COMMON_NAME, utf8(text))))
const extension = (id: number, critical: boolean, value: Uint8Array) =>
  sequence(oid(0x55, 0x1d, id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value))
const IS_AUTHORITY = extension(0x13, true, sequence(der(0x01, Buffer.from([0xff]))))
const ON_LOOPBACK = extension(
  0x11,
  false,
  sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1]))),
)

interface Subject {
  name: string
  key: KeyObject
  extension: Buffer
}
function certificate(subject: Subject, issuer: { name: string; key: KeyObject }): string {
  const now = Date.now()
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    nameOf(issuer.name),
    sequence(utcTime(now - DAY_MS), utcTime(now + 30 * DAY_MS)),
    nameOf(subject.name),
    subject.key.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(subject.extension)),
  )
  const signature = createSign('sha256').update(signed).sign(issuer.key)
  const whole = sequence(signed, ECDSA_WITH_SHA256, bits(signature)).toString('base64')
  return `-----BEGIN CERTIFICATE-----\n${whole.replaceAll(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`
}

const keys = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** What a server of TLS shows, and by whom it is trusted; all PEM. */
export interface Certified {
  ca: string
  cert: string
  key: string
}

/** A new authority, and a certificate by it for 127.0.0.1 and localhost. */
export function certified(): Certified {
  const [authority, server] = [keys(), keys()]
  const name = `Authority of a test ${randomBytes(4).toString('hex')}`
  const issuer = { name, key: authority.privateKey }
  return {
    ca: certificate({ name, key: authority.publicKey, extension: IS_AUTHORITY }, issuer),
    cert: certificate({ name: '127.0.0.1', key: server.publicKey, extension: ON_LOOPBACK }, issuer),
    key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}
