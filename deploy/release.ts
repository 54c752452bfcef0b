/** Makes release keys and signs releases of the agent: `bun deploy/release.ts`, on a machine that is not the control plane. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createReadStream, readFileSync, statSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { isSigned, type Release, releaseText, type SignedRelease, signedReleaseShape } from '#connectors/release.ts'
import package_ from '../package.json' with { type: 'json' }
import { Refusal } from './settings.ts'

const USAGE = `\
Usage: bun run release -- key FILE
       bun run release -- sign PROGRAM --key FILE [--version 1.2.3] [--platform linux-x64] [--next-key PUBLIC]

  key    makes a release key: FILE holds the secret half, and what is printed is the public one,
         a line for the file release-keys in the data folder of the control plane
  sign   writes PROGRAM.release.json; both files are then uploaded under Agents, Roll-outs`

const publicOf = (key: KeyObject): string =>
  createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64')

/** The public half, in base64. An existing file is never replaced: a lost key can't be had again. */
export function makeKey(path: string): string {
  const { privateKey } = generateKeyPairSync('ed25519')
  writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' })
  return publicOf(privateKey)
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

type Said = Pick<Release, 'version' | 'platform' | 'next_key'>

/** What the agents check: the manifest of this very file, signed. */
export async function signRelease(program: string, keyFile: string, said: Said): Promise<SignedRelease> {
  const key = createPrivateKey(readFileSync(keyFile))
  const { size: bytes } = statSync(program)
  const release = { ...said, bytes, sha256: await sha256Of(program), released_at: new Date().toISOString() }
  const signature = sign(null, releaseText(release), key).toString('base64')
  const signed = signedReleaseShape({ release, key: publicOf(key), signature })
  if (!isSigned(signed)) throw new Refusal(`${keyFile} is no Ed25519 key`, ['Make one: bun run release -- key FILE'])
  return signed
}

async function main(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      key: { type: 'string' },
      version: { type: 'string', default: package_.version },
      platform: { type: 'string', default: `${process.platform}-${process.arch}` },
      'next-key': { type: 'string' },
    },
  })
  const [command, file] = positionals
  if (command === 'key' && file) return void process.stdout.write(`${makeKey(file)}\n`)
  if (command !== 'sign' || !file || !values.key) throw new Refusal(USAGE)
  const { version, platform } = values
  const signed = await signRelease(file, values.key, { version, platform, next_key: values['next-key'] })
  writeFileSync(`${file}.release.json`, `${JSON.stringify(signed, null, 2)}\n`)
  process.stdout.write(`${file}.release.json: ${version} for ${platform}, ${signed.release.sha256}\n`)
}

if (import.meta.main)
  await main(process.argv.slice(2)).catch((error: unknown) => {
    const { message, details = [] } = error as Error & { details?: string[] }
    process.stderr.write(`${[message, ...details].join('\n')}\n`)
    process.exit(1)
  })
