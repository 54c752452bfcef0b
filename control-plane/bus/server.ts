/** The nats-server itself, as the one who runs it sees it by its system account: whom it trusts, and whom it refused. */
import type { Logger } from 'pino'
import type { Authority } from './authority.ts'
import { type Revocations, saysTheSame } from './claims.ts'
import { Link, type Way } from './link.ts'
import { type Trespass, trespassAtDoor, trespassInCut } from './trespass.ts'

const ANSWER_MS = 5_000
/** What the server was told is looked at again this often: to sign and compare costs more than all else that a quiet plane does. */
const LOOK_AGAIN_MS = 20_000

export interface ServerLink {
  /** Makes the server void what `revocations` names, and allow what this version allows; true where it had to be told. */
  keepAccount(revocations: Revocations): Promise<boolean>
  /** Whom the server refused at its door or cut off; of several processes one hears each. */
  onTrespass(handler: (trespass: Trespass) => void): void
  connected(): boolean
  close(): Promise<void>
}

export function connectServer(way: Way, authority: Authority, log: Logger): ServerLink {
  const link = new Link({ ...way, login: (name) => authority.login(name, 'server') }, log, 'atalaya-server')
  const ask = async (subject: string, body = '') =>
    (await link.current().request(subject, body, { timeout: ANSWER_MS })).string()
  const hear = (subject: string, handler: (advisory: object) => void) =>
    link.whenReady((nc) => {
      nc.subscribe(subject, { queue: 'trespass', callback: (error, m) => void (error ?? handler(parsed(m.string()))) })
    })
  /** what the server we are connected to is known to keep */
  let kept: { said: string; at: number } | null = null
  link.onConnect(() => {
    kept = null
  })
  const tell = async (revocations: Revocations): Promise<boolean> => {
    const wanted = await authority.account(revocations)
    if (saysTheSame(await ask(`$SYS.REQ.ACCOUNT.${authority.accountId}.CLAIMS.LOOKUP`), wanted)) return false
    const answer = parsed(await ask('$SYS.REQ.CLAIMS.UPDATE', wanted)) as { data?: { code?: number } }
    if (answer.data?.code !== 200) throw new Error('The nats-server did not take the account with its revocations.')
    return true
  }
  return {
    keepAccount: async (revocations) => {
      const said = JSON.stringify(revocations)
      if (kept?.said === said && performance.now() - kept.at < LOOK_AGAIN_MS) return false
      const at = performance.now()
      const told = await tell(revocations)
      kept = { said, at }
      return told
    },
    onTrespass: (handler) => {
      hear('$SYS.SERVER.*.CLIENT.AUTH.ERR', (advisory) => handler(trespassAtDoor(advisory, Date.now())))
      hear(`$SYS.ACCOUNT.${authority.accountId}.DISCONNECT`, (advisory) => {
        const trespass = trespassInCut(advisory)
        if (trespass) handler(trespass)
      })
    },
    connected: () => link.connected,
    close: () => link.close(),
  }
}

function parsed(text: string): object {
  try {
    return (JSON.parse(text) as object | null) ?? {}
  } catch {
    return {}
  }
}
