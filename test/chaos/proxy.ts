/** A TCP proxy that can misbehave as networks do: pause, slow down, go half open, reset, or hold back one direction. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

export const CUTS = ['pause', 'reset', 'half_open', 'slow'] as const
export type Cut = (typeof CUTS)[number]
/** `up`: from who connects to the server; `down`: what the server answers */
type Direction = 'up' | 'down'

const SLOW_MS = 120

interface Pair {
  client: Socket
  server: Socket
}

export class Proxy {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #target: number
  #port = 0
  #held: Record<Direction, boolean> = { up: false, down: false }
  /** what comes is thrown away, and nobody is told */
  #swallows = false
  #delay_ms = 0

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client))
  }

  static async to(port: number): Promise<Proxy> {
    const proxy = new Proxy(port)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    const address = proxy.#server.address()
    if (address && typeof address === 'object') proxy.#port = address.port
    return proxy
  }

  /** The same address, by way of the proxy. */
  through(url: string): string {
    const changed = new URL(url)
    changed.hostname = '127.0.0.1'
    changed.port = String(this.#port)
    return changed.toString()
  }

  #accept(client: Socket): void {
    const server = connect({ port: this.#target, host: '127.0.0.1', noDelay: true })
    const pair = { client, server }
    this.#pairs.add(pair)
    const end = () => this.#end(pair)
    for (const socket of [client, server]) socket.on('error', end).on('close', end)
    client.on('data', (data) => this.#pass(server, data))
    server.on('data', (data) => this.#pass(client, data))
    this.#applyTo(pair)
  }

  #end(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return
    pair.client.resetAndDestroy()
    pair.server.destroy()
  }

  #pass(to: Socket, data: Buffer): void {
    if (this.#swallows) return
    // timers of one length fire in order, so bytes stay in theirs
    if (this.#delay_ms > 0) setTimeout(() => to.writable && to.write(data), this.#delay_ms)
    else to.write(data)
  }

  #applyTo({ client, server }: Pair): void {
    if (this.#held.up) client.pause()
    else client.resume()
    if (this.#held.down) server.pause()
    else server.resume()
  }

  #apply(): void {
    for (const pair of this.#pairs) this.#applyTo(pair)
  }

  hold(...directions: Direction[]): void {
    for (const direction of directions) this.#held[direction] = true
    this.#apply()
  }

  release(): void {
    this.#held = { up: false, down: false }
    this.#apply()
  }

  reset(): void {
    for (const pair of this.#pairs) this.#end(pair)
  }

  /** Misbehaves for a while, then passes everything again. */
  async cut(kind: Cut, for_ms: number): Promise<void> {
    if (kind === 'reset') return this.reset()
    if (kind === 'pause') this.hold('up', 'down')
    if (kind === 'half_open') this.#swallows = true
    if (kind === 'slow') this.#delay_ms = SLOW_MS
    await sleep(for_ms)
    this.release()
    // bytes that are still on their slow way go first; lost ones break the connection, as a network that comes back does
    if (kind === 'slow') await this.#speedUp()
    if (kind === 'half_open') {
      this.reset()
      this.#swallows = false
    }
  }

  async #speedUp(): Promise<void> {
    this.hold('up', 'down')
    await sleep(SLOW_MS + 20)
    this.#delay_ms = 0
    this.release()
  }

  async close(): Promise<void> {
    this.reset()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }
}
