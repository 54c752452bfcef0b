/** Hands one mail to a server, and says when it is about to become the server's: the one moment after which a silence tells nothing. */
import { Readable } from 'node:stream'
import MailComposer from 'nodemailer/lib/mail-composer'
import { parseConnectionUrl } from 'nodemailer/lib/shared'
import SMTPConnection from 'nodemailer/lib/smtp-connection'

export interface Letter {
  /** who writes: the company; the envelope and, where it differs, `Sender` name the address that our server may send from */
  from: { name: string; address: string }
  to: string
  subject: string
  text: string
  attachments: { filename: string; content: Uint8Array; media_type: string }[]
}
export interface Post {
  /**
   * Resolves to what the server said when it took the letter, rejects with what it said else. `handing` comes before the last byte
   * goes out: where it fails, the server gets no whole letter and takes none.
   */
  send(letter: Letter, message_id: string, handing: () => Promise<void>): Promise<string>
}

const SILENCE_MS = 15_000
/** The whole of a conversation, however slowly the server talks. */
export const CONVERSATION_MS = 60_000

/** `url` is `smtp://user:password@host:587` or `smtps://…`; `from` is an address, or a name with one in angle brackets. */
export function createPost(url: string, from: string): Post {
  const sender = /<([^>]+)>\s*$/.exec(from)?.[1] ?? from.trim()
  const { auth, ...options } = parseConnectionUrl(url)
  return {
    send: async (letter, messageId, handing) => {
      const raw = await composed(letter, messageId, sender)
      const connection = new SMTPConnection({
        ...options,
        connectionTimeout: SILENCE_MS,
        greetingTimeout: SILENCE_MS,
        socketTimeout: SILENCE_MS,
      })
      const conversation = async (): Promise<string> => {
        await called((done) => connection.connect(done))
        if (auth) await called((done) => connection.login(auth, done))
        const message = Readable.from(withNotice(raw, handing), { objectMode: false })
        const envelope = { from: sender, to: [letter.to], size: raw.byteLength }
        const info = await called<{ response: string }>((done) => connection.send(envelope, message, done))
        return info.response
      }
      try {
        return await within(CONVERSATION_MS, connection, conversation)
      } finally {
        connection.close()
      }
    },
  }
}

const composed = ({ from, to, subject, text, attachments }: Letter, messageId: string, sender: string) =>
  new MailComposer({
    from,
    to,
    subject,
    text,
    messageId,
    ...(from.address === sender ? {} : { sender }),
    // it answers nobody, and no holiday notice should answer it
    headers: { 'Auto-Submitted': 'auto-generated' },
    attachments: attachments.map(({ filename, content, media_type }) => ({
      filename,
      content: Buffer.from(content),
      contentType: media_type,
    })),
  })
    .compile()
    .build()

/** All but the end, then the notice, then the end: a server that lacks it takes nothing. */
async function* withNotice(raw: Buffer, handing: () => Promise<void>): AsyncGenerator<Buffer> {
  const end = raw.byteLength - 1
  yield raw.subarray(0, end)
  await handing()
  yield raw.subarray(end)
}

const called = <T = unknown>(work: (done: (error?: Error | null, value?: T) => void) => void): Promise<T> =>
  new Promise((resolve, reject) => work((error, value) => (error ? reject(error) : resolve(value as T))))

/** Rejects by itself where the connection breaks while nothing was asked of it, or when the time is over. */
function within<T>(limit_ms: number, connection: SMTPConnection, work: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const late = setTimeout(() => reject(Object.assign(new Error('too slow'), { code: 'ETIMEDOUT' })), limit_ms)
    connection.on('error', reject)
    void work()
      .then(resolve, reject)
      .finally(() => clearTimeout(late))
  })
}
