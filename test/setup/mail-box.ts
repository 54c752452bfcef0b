/** A mail server on loopback that keeps what it is sent, as text. */
import { SMTPServer } from 'smtp-server'
import type { Suite } from './stack.ts'

export interface MailBox {
  url: string
  /** The address in the newest mail to this person that came since the last call; waits for it. */
  link(to: string): Promise<{ subject: string; link: string }>
  /** All that came and wasn't taken by `link`, oldest first. */
  received(): { to: string; subject: string; text: string }[]
}

const WAIT_MS = 20_000

/** Quoted-printable (RFC 2045), as far as our letters need it. */
const decoded = (text: string): string =>
  Buffer.from(
    text
      .replaceAll(/=\r?\n/g, '')
      .replaceAll(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString('utf8')

const subjectOf = (text: string): string => /^Subject: (.*)$/im.exec(text)?.[1]?.trim() ?? ''

export async function startMailBox(suite: Suite): Promise<MailBox> {
  const mails: { to: string[]; text: string }[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, { envelope }, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        mails.push({
          to: envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString('latin1'),
        })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  suite.atEnd(() => new Promise<void>((resolve) => server.close(resolve)))
  const { port } = server.server.address() as { port: number }
  const take = (to: string) => {
    const at = mails.findLastIndex((mail) => mail.to.includes(to))
    return at < 0 ? undefined : mails.splice(at, 1)[0]
  }
  return {
    url: `smtp://127.0.0.1:${port}`,
    received: () =>
      mails.map(({ to, text }) => ({
        to: to.join(),
        subject: subjectOf(text),
        text: decoded(text.slice(text.indexOf('\r\n\r\n'))),
      })),
    link: async (to) => {
      for (const end = performance.now() + WAIT_MS; performance.now() < end; await Bun.sleep(50)) {
        const text = take(to)?.text
        if (text === undefined) continue
        const link = /https?:\/\/\S+/.exec(decoded(text.slice(text.indexOf('\r\n\r\n'))))?.[0]
        return { subject: subjectOf(text), link: link ?? '' }
      }
      throw new Error(`no mail came to ${to}`)
    },
  }
}
