/** The other side of example: so far it only answers what was recorded. */
import { readFileSync } from 'node:fs'
import { TRUSTED } from '#test/connectors/certificates.ts'
import { type Rig, TROUBLES } from '#test/connectors/rig.ts'
import { connector } from './connector/index.ts'

const folder = new URL('./connector/fixtures/', import.meta.url)
const LATER = 'the rig of example can’t do it yet'
const later = (): never => {
  throw new Error(LATER)
}

export async function startRig(): Promise<Rig> {
  const { ca, cert, key } = TRUSTED
  const machines = readFileSync(new URL('machines.json', folder), 'utf8')
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    tls: { cert, key },
    fetch: ({ url }) => new Response(machines, { status: new URL(url).pathname === '/machines' ? 200 : 404 }),
  })
  return {
    connector,
    realm: 'example',
    kind: 'vm',
    counter: null,
    settings: () => ({ url: `https://127.0.0.1:${server.port}`, token: 'not-a-real-one', ca }),
    add: later,
    label: later,
    remove: later,
    reuse: later,
    use: later,
    reset: later,
    trouble: later,
    calm: async () => {},
    // take out what the rig has learnt: each line that goes is one more check
    cannot: { add: LATER, ...Object.fromEntries(TROUBLES.map((trouble) => [trouble, LATER])) },
    end: () => server.stop(true),
  }
}
