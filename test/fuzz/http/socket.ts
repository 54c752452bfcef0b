/** The same requests as bytes over a real socket, damaged as bytes too: the server answers or hangs up, and lives on. */
import { createConnection } from 'node:net'
import { mutatedBytes } from '../mutate.ts'
import type { Random } from '../random.ts'
import { smallerBytes } from '../shrink.ts'
import { type AnyTarget, target } from '../target.ts'
import type { Application } from './application.ts'
import type { Sent } from './request.ts'
import { wrongAnswer } from './verdict.ts'

/** Who sends half a request waits for nothing: after this time he hangs up. */
const PATIENCE_MS = 150
const ANSWER_BYTES_MAX = 256 * 1024

const bytesOf = ({ method, path, headers, body }: Sent): Uint8Array => {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'host: fuzz.example',
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ]
  if (body) lines.push(`content-length: ${body.length}`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\nconnection: close\r\n\r\n`), body ?? Buffer.alloc(0)])
}

function exchange(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    let length = 0
    const socket = createConnection({ port, host: '127.0.0.1' }, () => socket.write(bytes))
    const end = () => {
      socket.destroy()
      resolve(Buffer.concat(parts).toString('latin1'))
    }
    socket.setTimeout(PATIENCE_MS, end)
    socket.on('data', (part) => {
      parts.push(part)
      if ((length += part.length) > ANSWER_BYTES_MAX) end()
    })
    socket.on('error', end)
    socket.on('close', end)
  })
}

/** A status below 500 where there was an answer. What the server itself says to bytes that are no HTTP needn't be a problem. */
function wrongWith(answer: string, asked: string, secrets: readonly string[]): string | null {
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
  if (answer !== '' && status === 0) return `an answer that is no HTTP: ${answer.slice(0, 200)}`
  const type = /^content-type: *(.*)$/im.exec(head)?.[1]?.trim() ?? ''
  // what follows answers the bytes after the request
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? Infinity)
  const text = rest.join('\r\n\r\n').slice(0, length)
  const isOurs = /^x-request-id:/im.test(head)
  // the answer to HEAD has the head of one, and no body
  if (/^HEAD /i.test(asked)) return status >= 500 && status !== 505 ? `answered ${status} to HEAD` : null
  // 505: to the server itself it was no HTTP
  if (isOurs || (status >= 500 && status !== 505))
    return chunked(head)
      ? null
      : wrongAnswer({ status, type, text: Buffer.from(text, 'latin1').toString() }, asked, secrets)
  return secrets.some((secret) => text.includes(secret)) ? 'the answer holds a secret' : null
}
const chunked = (head: string): boolean => /^transfer-encoding: *chunked/im.test(head) || /^HTTP\/1\.[01] 2/.test(head)

export function overSocket({ fetch, secrets, key }: Application, make: (random: Random) => Sent): AnyTarget {
  let server: ReturnType<typeof Bun.serve> | null = null
  const open = () => (server ??= Bun.serve({ port: 0, hostname: '127.0.0.1', fetch }))
  const alive = async (port: number): Promise<boolean> =>
    (await exchange(port, Buffer.from('GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'))).startsWith(
      'HTTP/1.1 200',
    )
  return target<Uint8Array>({
    name: 'socket',
    weight: 0.25,
    make(random) {
      const bytes = bytesOf(make(random))
      return random.chance(0.3) ? bytes : mutatedBytes(random, bytes)
    },
    async try(bytes) {
      const port = open().port ?? 0
      const answer = await exchange(port, bytes)
      const wrong = wrongWith(answer, Buffer.from(bytes).toString(), secrets)
      return wrong ?? ((await alive(port)) ? null : 'the server answers nobody any more')
    },
    *shrink(bytes) {
      yield* smallerBytes(bytes)
    },
    show: (bytes) => Buffer.from(bytes).toString('latin1').replaceAll(key, '<key>'),
    async verdict() {
      // not waited for: connections that sent half a request may stay for as long as the server is patient
      void server?.stop(true)
      server = null
      return []
    },
  })
}
