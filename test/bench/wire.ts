/** A TCP proxy on loopback that counts what passes, so that both sides of a comparison are measured alike. */
import type { Socket } from 'bun'

export interface Wire {
  port: number
  /** bytes in both directions since the start, without TCP's own headers */
  bytes(): number
  close(): void
}

interface Far {
  socket: Socket<Near> | null
  waiting: Buffer[]
}
interface Near {
  socket: Socket<Far>
}

/** What a full socket didn't take is offered again when it drains. */
function forward(to: Socket<Near> | Socket<Far>, data: Uint8Array): void {
  const sent = to.write(data)
  if (sent < data.length) throw new Error('the counting proxy carries small messages only: its buffer is full')
}

export function countingProxy(target: number): Wire {
  let bytes = 0
  const open = (near: Socket<Far>) =>
    Bun.connect<Near>({
      hostname: '127.0.0.1',
      port: target,
      data: { socket: near },
      socket: {
        data(far, data) {
          bytes += data.length
          forward(far.data.socket, data)
        },
        close: (far) => void far.data.socket.end(),
        error: (far) => void far.data.socket.end(),
      },
    })
  const server = Bun.listen<Far>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      open(near) {
        near.data = { socket: null, waiting: [] }
        void open(near).then(
          (far) => {
            for (const data of near.data.waiting) forward(far, data)
            near.data.socket = far
          },
          () => near.end(),
        )
      },
      data(near, data) {
        bytes += data.length
        if (near.data.socket) forward(near.data.socket, data)
        else near.data.waiting.push(Buffer.from(data))
      },
      close: (near) => void near.data.socket?.end(),
    },
  })
  return { port: server.port, bytes: () => bytes, close: () => server.stop(true) }
}
