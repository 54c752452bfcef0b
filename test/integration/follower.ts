/** A page that follows the live updates as a browser's EventSource does: it connects again whenever the stream ends. */

const AGAIN_MS = 500

export interface Follower {
  /** events of that name so far, over all connections */
  count(event: string): number
  stop(): Promise<void>
}

export function follow(open: () => Promise<Response>): Follower {
  const counts = new Map<string, number>()
  const stopping = new AbortController()
  let reader: ReadableStreamDefaultReader<Uint8Array> | null = null

  const read = async (): Promise<void> => {
    const { body, ok } = await open()
    if (!ok || !body) return
    reader = body.getReader()
    const decoder = new TextDecoder()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const messages = (text + decoder.decode(value, { stream: true })).split('\n\n')
      text = messages.pop() ?? ''
      for (const message of messages) {
        const [, event] = /^event: (.*)$/m.exec(message) ?? []
        if (event) counts.set(event, (counts.get(event) ?? 0) + 1)
      }
    }
  }
  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await read().catch(() => {})
      await Bun.sleep(AGAIN_MS)
    }
  }
  const ended = loop()
  return {
    count: (event) => counts.get(event) ?? 0,
    async stop() {
      stopping.abort()
      await reader?.cancel().catch(() => {})
      await ended
    },
  }
}
