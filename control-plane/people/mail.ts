/** Mail to people: one connection string, a few letters, in two languages. */
import { createTransport } from 'nodemailer'
import { LETTERS } from './letters.ts'

export interface Letter {
  kind: keyof (typeof LETTERS)['en']
  to: string
  language: 'en' | 'es'
  link: string
  /** what it is about, in figures */
  about?: string
  /** the same for the same letter sent again */
  id?: string
}
export interface Mailer {
  send(letter: Letter): Promise<void>
}

const TIMEOUT_MS = 15_000

/** `url` is `smtp://user:password@host:587` or `smtps://…`. */
export function createMailer(url: string, from: string): Mailer {
  const transport = createTransport(
    { url, connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
    { from },
  )
  return {
    send: async ({ kind, to, language, link, about = '', id }) => {
      const { subject, text } = LETTERS[language][kind]
      const message = id === undefined ? {} : { messageId: `<${id}@${new URL(link).hostname}>` }
      await transport.sendMail({ to, subject, text: text(link, about), ...message })
    },
  }
}
