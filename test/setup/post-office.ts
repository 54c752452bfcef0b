/** A real mail server on loopback that takes, refuses, delays, or dies at the worst moment; it counts what arrived, by Message-ID. */
import { SMTPServer } from 'smtp-server'
import type { Suite } from './stack.ts'

/**
 * `take`; `refuse`: 550 for good; `later`: 451 for now; `deaf`: the connection breaks before the letter begins; `mute`: the letter
 * is taken, and the connection breaks before it says so; `no_entry`: 535 for the password.
 */
export type Manner = 'take' | 'refuse' | 'later' | 'deaf' | 'mute' | 'no_entry'
export interface Arrival {
  to: string
  from: string
  message_id: string
  /** as it came, headers and all */
  text: string
}
export interface PostOffice {
  url: string
  arrivals: Arrival[]
  behave(manner: Manner): void
  close(): Promise<void>
}

const reply = (code: number, text: string) => Object.assign(new Error(text), { responseCode: code })

/** `delay_ms`: so long it takes to say that it took a letter. */
export async function openPostOffice(suite: Suite, delay_ms = () => 0): Promise<PostOffice> {
  const arrivals: Arrival[] = []
  let manner: Manner = 'take'
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth: (_auth, _session, done) =>
      manner === 'no_entry' ? done(reply(535, 'wrong password')) : done(null, { user: 'us' }),
    onRcptTo(_address, session, done) {
      if (manner === 'deaf') return breakOff(session.id)
      if (manner === 'refuse') return done(reply(550, 'no such mailbox here'))
      if (manner === 'later') return done(reply(451, 'greylisted, come back later'))
      return done()
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const text = Buffer.concat(chunks).toString('latin1')
        arrivals.push({
          to: session.envelope.rcptTo[0]?.address ?? '',
          from: session.envelope.mailFrom ? session.envelope.mailFrom.address : '',
          message_id: /^Message-ID:\s*(<[^>]*>)/im.exec(text)?.[1] ?? '',
          text,
        })
        if (manner === 'mute') return breakOff(session.id)
        setTimeout(done, delay_ms())
      })
    },
  })
  // of connections that we break, or whose other end was killed
  server.on('error', () => {})
  const breakOff = (id: string) => {
    for (const connection of server.connections as unknown as Iterable<{ id: string; _socket: { destroy(): void } }>)
      if (connection.id === id) connection._socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()))
  suite.atEnd(close)
  const { port } = server.server.address() as { port: number }
  return { url: `smtp://us:hunter2@127.0.0.1:${port}`, arrivals, behave: (next) => (manner = next), close }
}

/** Headers and text of a letter, decoded as far as ours need it (RFC 2045, RFC 2047). */
export function readable(text: string): string {
  const bytes = (hex: string) => String.fromCharCode(Number.parseInt(hex, 16))
  const plain = text
    .replaceAll(/=\?UTF-8\?Q\?([^?]*)\?=\s*/gi, (_all, word: string) => word.replaceAll('_', ' '))
    .replaceAll(/=\r?\n/g, '')
    .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => bytes(hex))
  return Buffer.from(plain, 'latin1').toString('utf8')
}
