/** Drives a real API server of Kubernetes from tests: starts it with its etcd, signs certificates, makes and changes objects as controllers and kubelets do. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { endsWithUs } from '../../deploy/process.ts'

const TOOLS = { apiserver: 'ATALAYA_KUBE_APISERVER', etcd: 'ATALAYA_ETCD' } as const
const toolOf = (name: keyof typeof TOOLS): string | null =>
  process.env[TOOLS[name]] ?? Bun.which(name === 'etcd' ? 'etcd' : 'kube-apiserver')

/** Why a real API server can't be started here, and what to do; undefined if it can. */
export function whyNoKube(): string | undefined {
  const missing = (['apiserver', 'etcd'] as const).filter((name) => toolOf(name) === null)
  if (missing.length === 0) return undefined
  return `no ${missing.map((name) => (name === 'etcd' ? 'etcd' : 'kube-apiserver')).join(', ')}: put the releases of Kubernetes and etcd into PATH, or name them by ${missing.map((name) => TOOLS[name]).join(' and ')}`
}

export interface Person {
  cert: string
  key: string
}
export const TOKENS = { admin: 'token-of-the-administrator', reader: 'token-of-atalaya', nobody: 'token-of-nobody' }
const READY_MS = 60_000
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export class Kube {
  readonly url: string
  readonly ca: string
  readonly #folder: string
  readonly #port: number
  #etcd: Bun.Subprocess | undefined
  #server: Bun.Subprocess | undefined

  private constructor(folder: string, port: number) {
    this.#folder = folder
    this.#port = port
    this.url = `https://127.0.0.1:${port}`
    mkdirSync(folder, { recursive: true })
    this.#openssl('req', '-x509', ...EC, '-days', '2', '-subj', '/CN=cluster', '-keyout', 'ca.key', '-out', 'ca.crt')
    this.ca = readFileSync(join(folder, 'ca.crt'), 'utf8')
    this.#sign('server', '/CN=kube-apiserver', 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth')
    this.#openssl('genrsa', '-out', 'accounts.key', '2048')
    const people = [
      `${TOKENS.admin},admin,1,"system:masters"`,
      `${TOKENS.reader},atalaya,2`,
      `${TOKENS.nobody},nobody,3`,
    ]
    writeFileSync(join(folder, 'tokens.csv'), `${people.join('\n')}\n`, { mode: 0o600 })
  }

  /** `port` and the two after it are taken. */
  static async start(folder: string, port: number): Promise<Kube> {
    const kube = new Kube(folder, port)
    try {
      const [peers, clients] = [`http://127.0.0.1:${port + 2}`, `http://127.0.0.1:${port + 1}`]
      kube.#etcd = kube.#run('etcd', [
        `--data-dir=${join(folder, 'etcd')}`,
        `--listen-client-urls=${clients}`,
        `--advertise-client-urls=${clients}`,
        `--listen-peer-urls=${peers}`,
        `--initial-advertise-peer-urls=${peers}`,
        `--initial-cluster=default=${peers}`,
        '--unsafe-no-fsync',
      ])
      await kube.#serve()
    } catch (error) {
      await kube.stop()
      throw error
    }
    return kube
  }

  async #serve(): Promise<void> {
    this.#server = this.#run('apiserver', [
      `--etcd-servers=http://127.0.0.1:${this.#port + 1}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${this.#port}`,
      '--tls-cert-file=server.crt',
      '--tls-private-key-file=server.key',
      '--client-ca-file=ca.crt',
      '--token-auth-file=tokens.csv',
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      '--service-account-key-file=accounts.key',
      '--service-account-signing-key-file=accounts.key',
      '--service-cluster-ip-range=10.0.0.0/24',
      // nothing here makes accounts for pods, or takes taints from nodes
      '--disable-admission-plugins=ServiceAccount,TaintNodesByCondition',
      // what is older is forgotten at once, as it is after minutes elsewhere
      '--etcd-compaction-interval=5s',
    ])
    const until_ms = performance.now() + READY_MS
    for (;;) {
      if (this.#server.exitCode !== null) throw new Error(`kube-apiserver ended: ${this.log('apiserver')}`)
      const ready = await this.ask('GET', '/readyz').then(
        ({ status }) => status === 200,
        () => false,
      )
      if (ready && (await this.ask('GET', '/api/v1/namespaces/kube-system')).status === 200) return
      if (performance.now() > until_ms) throw new Error(`kube-apiserver isn't ready: ${this.log('apiserver')}`)
      await sleep(200)
    }
  }

  #run(name: keyof typeof TOOLS, args: string[]): Bun.Subprocess {
    const out = Bun.file(join(this.#folder, `${name}.log`))
    return Bun.spawn(endsWithUs([toolOf(name) ?? name, ...args]), { cwd: this.#folder, stdout: out, stderr: out })
  }
  log(name: keyof typeof TOOLS): string {
    return readFileSync(join(this.#folder, `${name}.log`), 'utf8').slice(-2_000)
  }

  /** Killed, as it doesn't end while anybody watches. */
  async restart(): Promise<void> {
    await end(this.#server, 'SIGKILL')
    await this.#serve()
  }
  async stop(): Promise<void> {
    await end(this.#server, 'SIGKILL')
    await end(this.#etcd)
  }

  /** A client certificate of a user. */
  person(name: string): Person {
    this.#sign(name, `/CN=${name}`, 'extendedKeyUsage=clientAuth')
    const [cert = '', key = ''] = ['crt', 'key'].map((kind) =>
      readFileSync(join(this.#folder, `${name}.${kind}`), 'utf8'),
    )
    return { cert, key }
  }
  #sign(name: string, subject: string, extensions: string): void {
    writeFileSync(join(this.#folder, `${name}.ext`), extensions)
    this.#openssl('req', '-new', ...EC, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2']
    this.#openssl('x509', '-req', '-in', `${name}.csr`, ...by, '-extfile', `${name}.ext`, '-out', `${name}.crt`)
  }
  #openssl(...words: string[]): void {
    const { exitCode, stderr } = Bun.spawnSync(['openssl', ...words], { cwd: this.#folder })
    if (exitCode !== 0) throw new Error(`openssl ${words[0]}: ${stderr.toString()}`)
  }

  async ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const answer = await fetch(`${this.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKENS.admin}`, 'content-type': type },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      tls: { ca: this.ca },
    })
    const text = await answer.text()
    return { status: answer.status, body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} }
  }
  async sure(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const { status, body: said } = await this.ask(method, path, body)
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(said).slice(0, 400)}`)
    return said
  }
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

async function end(child: Bun.Subprocess | undefined, signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
  child?.kill(signal)
  await child?.exited
}
