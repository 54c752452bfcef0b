/** The count of processes on the very machine that runs the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ProcessCount } from './processes.ts'

const listed = () => readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length

/** more than there are between two listings */
const READS = 8

test('a count between two listings is what a listing at that time would give', async () => {
  const count = new ProcessCount()
  const children: ChildProcess[] = []
  const errors = () => Array.from({ length: READS }, () => count.read() - listed())
  try {
    for (let round = 0; round < 5; round++) {
      children.push(spawn('sleep', ['60']))
      // other processes come and go: one of the tries is undisturbed
      await expect.poll(errors, { interval: 5, timeout: 15_000 }).toEqual(Array(READS).fill(0))
    }
  } finally {
    for (const child of children) child.kill()
  }
}, 90_000)
