/** Certificates for servers of tests on loopback, made anew for each run: by an authority of a test's own, or by nobody, as BMCs have them. */
import { randomBytes, X509Certificate } from 'node:crypto'
import {
  BasicConstraintsExtension,
  type Extension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

const DAY_MS = 86_400_000
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const ON_LOOPBACK = new SubjectAlternativeNameExtension([
  { type: 'dns', value: 'localhost' },
  { type: 'ip', value: '127.0.0.1' },
])

type Keys = CryptoKeyPair
const keys = (): Promise<Keys> => crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])

interface Party {
  name: string
  keys: Keys
}
async function certificate(subject: Party, issuer: Party, extension: Extension): Promise<string> {
  const made = await X509CertificateGenerator.create({
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    subject: `CN=${subject.name}`,
    issuer: `CN=${issuer.name}`,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 30 * DAY_MS),
    publicKey: subject.keys.publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: ECDSA,
    extensions: [extension],
  })
  return made.toString('pem')
}
const pem = async ({ privateKey }: Keys): Promise<string> =>
  PemConverter.encode(await crypto.subtle.exportKey('pkcs8', privateKey), PemConverter.PrivateKeyTag)

/** What a server of TLS shows; PEM. */
export interface Shown {
  cert: string
  key: string
}
export interface Certified extends Shown {
  /** the authority that signed it */
  ca: string
}
export interface SelfSigned extends Shown {
  /** SHA-256, as a BMC's page shows it */
  fingerprint: string
}

/** A new authority, and a certificate by it for 127.0.0.1 and localhost. */
export async function certified(): Promise<Certified> {
  const authority = { name: `Authority of a test ${randomBytes(4).toString('hex')}`, keys: await keys() }
  const server = { name: '127.0.0.1', keys: await keys() }
  return {
    ca: await certificate(authority, authority, new BasicConstraintsExtension(true, undefined, true)),
    cert: await certificate(server, authority, ON_LOOPBACK),
    key: await pem(server.keys),
  }
}

/** A certificate that vouches for itself. */
export async function selfSigned(name: string): Promise<SelfSigned> {
  const self = { name, keys: await keys() }
  const cert = await certificate(self, self, ON_LOOPBACK)
  return { cert, key: await pem(self.keys), fingerprint: new X509Certificate(cert).fingerprint256 }
}

/** By the authority that tests trust. */
export const TRUSTED: Certified = await certified()
/** By another authority. */
export const STRANGE: Certified = await certified()
