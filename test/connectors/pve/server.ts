/** That cluster's pveproxy: TLS, tokens, and the troubles that may come over it. */
import type { Shown } from '../certificates.ts'
import { answer, Refused, type Rights } from './api.ts'
import type { World } from './world.ts'

export const TOKEN = { id: 'atalaya@pve!inventory', secret: '2b1f3c04-6a7e-4d7c-9a55-0d5a4b6f7c11' } as const

export interface Trouble {
  /** answers this instead of what was asked for */
  instead?: (path: string) => Response | undefined
  /** says nothing at all */
  hangs?: boolean
}

export class Server {
  readonly world: World
  rights: Rights
  trouble: Trouble = {}
  tokenIsValid = true
  /** paths that were asked for, in order */
  readonly asked: string[] = []
  readonly #server: ReturnType<typeof Bun.serve>
  #release: () => void = () => undefined
  #hanging = new Promise<void>((resolve) => (this.#release = resolve))

  constructor(world: World, rights: Rights, certificate: Shown) {
    this.world = world
    this.rights = rights
    const { cert, key } = certificate
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      tls: { cert, key },
      idleTimeout: 60,
      fetch: (request) => this.#answer(request),
    })
  }
  get url(): string {
    return `https://127.0.0.1:${this.#server.port}`
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const path = pathname.replace(/^\/api2\/json/, '')
    this.asked.push(path)
    if (this.trouble.hangs) await this.#hanging
    const said = request.headers.get('authorization')
    if (said === null) return refused(401, 'No ticket')
    if (said !== `PVEAPIToken=${TOKEN.id}=${TOKEN.secret}`) return refused(401, 'invalid token value!')
    if (!this.tokenIsValid) return refused(401, 'token expired')
    const instead = this.trouble.instead?.(path)
    if (instead) return instead
    try {
      const data = answer(this.world, this.rights, request.method, path, Object.fromEntries(searchParams))
      return json(200, { data })
    } catch (error) {
      if (error instanceof Refused) return refused(error.status, error.message, error.errors)
      throw error
    }
  }

  async stop(): Promise<void> {
    this.#release()
    await this.#server.stop(true)
  }
}

const refused = (status: number, message: string, errors?: Record<string, string>): Response =>
  json(status, { data: null, message: `${message}\n`, ...(errors && { errors }) })

/** Perl prints whole numbers of 64 bits as they are. */
function json(status: number, body: unknown): Response {
  const text = JSON.stringify(body, (_key, value: unknown) => (typeof value === 'bigint' ? `#${value}#` : value))
  return new Response(text.replaceAll(/"#(\d+)#"/g, '$1'), {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8' },
  })
}
