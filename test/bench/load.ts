/** Disk and network load for a bench, in a process of its own: bounded, and ended with its parent. */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, writeSync } from 'node:fs'

const STEP_MS = 100
/** 2.5 MiB/s to the disk and 10 MiB/s over loopback: counters move, and the processors stay mostly free. */
const DISK_BYTES = 256 * 1024
const FILE_BYTES_MAX = 64 * 1024 * 1024
const SYNC_EVERY_STEPS = 10
const NETWORK_BYTES = 1024 * 1024

const [path] = process.argv.slice(2)
if (!path) throw new Error('Usage: bun test/bench/load.ts FILE')

const sink = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
const socket = await Bun.connect({ hostname: '127.0.0.1', port: sink.port, socket: { data() {} } })
const file = openSync(path, 'w')
const block = Buffer.alloc(DISK_BYTES, 'load')
const message = Buffer.alloc(NETWORK_BYTES, 'load')
let written = 0
let steps = 0

function step(): void {
  writeSync(file, block)
  written += block.length
  if (++steps % SYNC_EVERY_STEPS === 0) fdatasyncSync(file)
  if (written >= FILE_BYTES_MAX) {
    ftruncateSync(file, 0)
    written = 0
  }
  socket.write(message)
}

const timer = setInterval(step, STEP_MS)
process.once('SIGTERM', () => {
  clearInterval(timer)
  closeSync(file)
  process.exit(0)
})
