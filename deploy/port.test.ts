import { createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import { freePort, holderOf, isFree } from './port.ts'

const listen = (port: number, host: string): Promise<Server> =>
  new Promise((resolve) => {
    const server = createServer().listen(port, host, () => resolve(server))
  })

test.each(['127.0.0.1', '0.0.0.0'])(
  'a port on which someone listens at %s is not free, and he is named',
  async (host) => {
    const port = await freePort()
    const server = await listen(port, host)
    expect(await isFree(port)).toBe(false)
    expect(await freePort(port)).not.toBe(port)
    if (process.platform === 'linux') expect(holderOf(port)).toContain(`(pid ${process.pid})`)
    await new Promise((resolve) => server.close(resolve))
    expect(await isFree(port)).toBe(true)
  },
)

test('the wanted port is kept when it is free', async () => {
  const port = await freePort()
  expect(await freePort(port)).toBe(port)
  expect(holderOf(port)).toBeNull()
})
