/** Certificates that no authority signed, as BMCs have them; made anew by openssl for each run. */
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificate {
  cert: string
  key: string
  /** SHA-256, as a BMC's page shows it */
  fingerprint: string
}

export function selfSigned(name: string): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'atalaya-certificate-'))
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const { exitCode, stderr } = Bun.spawnSync([
    'openssl',
    'req',
    '-x509',
    ...kind,
    '-subj',
    `/CN=${name}`,
    '-keyout',
    key,
    '-out',
    cert,
  ])
  if (exitCode !== 0) throw new Error(stderr.toString())
  const made = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
  rmSync(folder, { recursive: true })
  return { ...made, fingerprint: new X509Certificate(made.cert).fingerprint256 }
}
