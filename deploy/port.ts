/** Finds free ports, and says who holds one that is taken. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'

const listens = (port: number, host: string): Promise<number | null> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(null))
    server.listen({ port, host, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(address && typeof address === 'object' ? address.port : null))
    })
  })

/** True when nothing listens on the port on any of the machine's IPv4 addresses. */
export const isFree = async (port: number): Promise<boolean> =>
  (await listens(port, '127.0.0.1')) !== null && (await listens(port, '0.0.0.0')) !== null

/** The wanted port when it is free, else one that the system picks. */
export async function freePort(wanted?: number): Promise<number> {
  if (wanted && (await isFree(wanted))) return wanted
  const port = await listens(0, '127.0.0.1')
  if (port === null)
    throw new Error('No free TCP port is left on 127.0.0.1. Close programs that hold many connections.')
  return port
}

const LISTEN = '0A'

function inodesOf(port: number): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    let lines: string[] = []
    try {
      lines = readFileSync(table, 'utf8').split('\n').slice(1)
    } catch {
      continue
    }
    for (const line of lines) {
      const fields = line.trim().split(/\s+/)
      if (fields[3] === LISTEN && fields[1]?.endsWith(`:${wanted}`) && fields[9]) inodes.add(`socket:[${fields[9]}]`)
    }
  }
  return inodes
}

/** What an open file of a process is; nothing once it was closed. */
function linkOf(pid: string, fd: string): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`)
  } catch {
    return ''
  }
}

/** "node (pid 4242)", where /proc tells; null elsewhere and for other users' processes. */
export function holderOf(port: number): string | null {
  const inodes = inodesOf(port)
  if (inodes.size === 0) return null
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const holds = readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.has(linkOf(pid, fd)))
      if (holds) return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (pid ${pid})`
    } catch {
      // ended meanwhile, or another user's
    }
  }
  return null
}
