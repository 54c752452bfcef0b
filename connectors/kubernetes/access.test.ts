/** Who we are and whom we trust, over real TLS: what is set is honoured, and nothing else is believed, run or read. */
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import type { ConnectorError } from '#connectors/contract.ts'
import { type Certified, certified, STRANGE, TRUSTED } from '#test/connectors/certificates.ts'
import { Eye, ids } from '#test/connectors/k8s/eye.ts'
import { runningPod } from '#test/connectors/k8s/objects.ts'
import { type Options, Server, TOKEN } from '#test/connectors/k8s/server.ts'
import { World } from '#test/connectors/k8s/world.ts'

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const own = TRUSTED
async function server(options: Options = {}, shown: Certified = own): Promise<{ url: string; world: World }> {
  const world = new World()
  runningPod(world, { namespace: 'shop', name: 'web' })
  const made = await new Server(world, shown, options).start()
  ends.push(() => made.stop())
  return { url: made.url, world }
}
async function look(settings: Record<string, unknown>, { world }: { world: World }) {
  const eye = new Eye(() => settings, world.uid)
  ends.push(() => eye.close())
  return ids(await eye.tick(), 'pod')
}
const refusal = (settings: Record<string, unknown>, at: { world: World }): Promise<ConnectorError> =>
  look(settings, at).then(
    () => {
      throw new Error('it was taken')
    },
    (error: unknown) => error as ConnectorError,
  )

test('a token over TLS by the authority that was given is taken; without that authority the server is not believed', async () => {
  const at = await server()
  expect(await look({ server: at.url, ca: own.ca, token: TOKEN }, at)).toEqual(['shop/web'])
  for (const ca of [{}, { ca: STRANGE.ca }]) {
    const { code, message } = await refusal({ server: at.url, token: TOKEN, ...ca }, at)
    expect(code).toBe('refused')
    expect(message).toContain("shows a certificate that isn't trusted")
    expect(message).not.toContain(TOKEN)
  }
})

test('a server that wants a client certificate gets the one that was given, and refuses none and any other', async () => {
  const people = await certified()
  const at = await server({ clients: people.ca })
  const base = { server: at.url, ca: own.ca }
  const shown = { client_certificate: people.cert, client_key: people.key }
  expect(await look({ ...base, ...shown }, at)).toEqual(['shop/web'])
  const other = await certified()
  await refusal({ ...base, client_certificate: other.cert, client_key: other.key }, at)
  await refusal({ ...base, token: TOKEN }, at)
})

test('a watch shows the same certificate as the lists do', async () => {
  const people = await certified()
  const at = await server({ clients: people.ca })
  const eye = new Eye(
    () => ({ server: at.url, ca: own.ca, client_certificate: people.cert, client_key: people.key }),
    at.world.uid,
  )
  ends.push(() => eye.close())
  await eye.tick()
  runningPod(at.world, { namespace: 'shop', name: 'later' })
  expect(ids(await eye.tick(), 'pod')).toEqual(['shop/later', 'shop/web'])
})

const base64 = (text: string) => Buffer.from(text).toString('base64')
const kubeconfig = (url: string, user: string, cluster = `certificate-authority-data: ${base64(own.ca)}`) => `
apiVersion: v1
kind: Config
current-context: here
contexts:
  - { name: here, context: { cluster: c, user: u } }
  - { name: nobody, context: { cluster: c, user: none } }
clusters:
  - name: c
    cluster:
      server: ${url}
      ${cluster}
users:
  - name: u
    user:
      ${user}
`

test('a kubeconfig with a token, or with a client certificate, is read as kubectl reads it', async () => {
  const at = await server()
  expect(await look({ kubeconfig: kubeconfig(at.url, `token: ${TOKEN}`) }, at)).toEqual(['shop/web'])
  const people = await certified()
  const strict = await server({ clients: people.ca })
  const user = `client-certificate-data: ${base64(people.cert)}\n      client-key-data: ${base64(people.key)}`
  expect(await look({ kubeconfig: kubeconfig(strict.url, user) }, strict)).toEqual(['shop/web'])
})

test('the authority of a kubeconfig is honoured: a server of another one is refused', async () => {
  const at = await server({}, STRANGE)
  const { code } = await refusal({ kubeconfig: kubeconfig(at.url, `token: ${TOKEN}`) }, at)
  expect(code).toBe('refused')
})

test('a kubeconfig that would run a program, read a file or trust anybody is refused before anything happens', async () => {
  const at = await server()
  const trace = join(tmpdir(), `atalaya-exec-${process.pid}`)
  const exec = `exec: { apiVersion: client.authentication.k8s.io/v1, command: touch, args: ["${trace}"], interactiveMode: Never }`
  const token = `token: ${TOKEN}`
  const cases: [string, string, string?][] = [
    ['by a program', exec],
    ['by a program', 'auth-provider: { name: gcp, config: {} }'],
    ['names files', `${token}\n      tokenFile: /etc/passwd`],
    ['names files', 'token-file: /etc/hostname'],
    ['names files', String.raw`"token\x2dfile": /etc/hostname`],
    ['names files', 'client-certificate: /etc/ssl/a.pem\n      client-key: /etc/ssl/a.key'],
    ['names files', token, 'certificate-authority: /etc/ssl/ca.pem'],
    ['trusts any server', token, 'insecure-skip-tls-verify: true'],
    ['proxy-url', token, 'proxy-url: http://proxy.example'],
    ['password', 'username: ana\n      password: secret'],
    ['somebody else', `${token}\n      as: admin`],
    ['neither a token', '{}'],
  ]
  for (const [said, user, cluster] of cases) {
    const { code, message, remedy } = await refusal({ kubeconfig: kubeconfig(at.url, user, cluster) }, at)
    expect([code, message], said).toEqual(['bad_settings', expect.stringContaining(said)])
    expect(`${message} ${remedy}`).not.toContain(TOKEN)
  }
  expect(existsSync(trace)).toBe(false)
})

test('settings that can’t be right are refused without telling the secret', async () => {
  const at = await server()
  const good = { server: at.url, ca: own.ca, token: TOKEN }
  const wrong: Record<string, unknown>[] = [
    {},
    { ca: own.ca, token: TOKEN },
    { ...good, in_cluster: true },
    { ...good, kubeconfig: kubeconfig(at.url, `token: ${TOKEN}`) },
    { in_cluster: true },
    { server: at.url, ca: own.ca },
    { ...good, client_certificate: own.cert },
    { ...good, server: 'http://kube.example:6443' },
    { ...good, server: 'https://ana:secret@kube.example' },
    { ...good, token: `${TOKEN}\nX: y` },
    { ...good, ca: 'none' },
    { ...good, namespaces: ['Shop'] },
    { kubeconfig: `: ${TOKEN} [` },
    { kubeconfig: kubeconfig(at.url, `token: ${TOKEN}`), context: 'elsewhere' },
    { kubeconfig: kubeconfig(at.url, `token: ${TOKEN}`), context: 'nobody' },
  ]
  for (const settings of wrong) {
    const { code, message, remedy } = await refusal(settings, at)
    expect(code, JSON.stringify(Object.keys(settings))).toBe('bad_settings')
    expect(`${message} ${remedy}`).not.toContain(TOKEN)
  }
})
