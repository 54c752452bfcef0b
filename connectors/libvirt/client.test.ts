import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Manifest, METRICS, type Surroundings } from '#connectors/contract.ts'
import { ask, quote, watch } from './client.ts'
import { connector } from './index.ts'

const path = process.env['PATH'] ?? ''
let dir = ''
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'virsh-'))
})
afterEach(() => {
  process.env['PATH'] = path
  rmSync(dir, { recursive: true, force: true })
})
/** Puts a `virsh` first in PATH that is this shell script; $script is what it was asked to run. */
function virshIs(body: string): void {
  writeFileSync(join(dir, 'virsh'), `#!/bin/sh\nfor script; do :; done\n${body}\n`, { mode: 0o755 })
  process.env['PATH'] = `${dir}:${path}`
}
/** Prints each marker of the script, and after it what a line of `answers` says. */
const ANSWERING = `
printf '%s\\n' "$script" | tr ';' '\\n' | while read -r word option marker; do
  if [ "$word" = echo ]; then printf %s "$marker"; else printf '%s\\n' "answer to $word 00000000-0000-4000-8000-000000000000.1."; fi
done`
const options = { deadline_ms: 10_000 }

test('each command has its own answer, and no answer passes for a marker', async () => {
  virshIs(ANSWERING)
  const { sections, errors } = await ask('qemu:///system', ['list', 'domstats'], options)
  expect(sections.map((text) => text.trim())).toEqual(
    ['list', 'domstats'].map((word) => `answer to ${word} 00000000-0000-4000-8000-000000000000.1.`),
  )
  expect(errors).toEqual([])
})

test('more commands than one command line holds are asked in turn', async () => {
  virshIs(ANSWERING)
  const many = Array.from({ length: 1_500 }, (_, index) => `dumpxml-${index} ${'x'.repeat(100)}`)
  const { sections } = await ask('qemu:///system', many, options)
  expect(sections.map((text) => text.split(' ')[2])).toEqual(many.map((command) => command.split(' ')[0]))
})

test('an answer that breaks off is a failure, not an empty host', async () => {
  virshIs(
    `printf %s "$script" | cut -d' ' -f3 | tr -d ';'; echo "error: Disconnected from qemu:///system due to end of file" >&2`,
  )
  await expect(ask('qemu:///system', ['list', 'domstats'], options)).rejects.toMatchObject({ code: 'unreachable' })
})

test('a virsh that hangs is ended with all that it started', async () => {
  virshIs(`sh -c 'echo $$ > ${dir}/child; exec sleep 60' & wait`)
  await expect(ask('qemu:///system', ['list'], { deadline_ms: 500 })).rejects.toMatchObject({ code: 'timeout' })
  const child = Number(readFileSync(join(dir, 'child'), 'utf8'))
  await expect.poll(() => isAlive(child)).toBe(false)
})
/** Executing or waiting; one that ended may stay listed until its parent takes note. */
const isAlive = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))

test('an agent that stops waits for no virsh', async () => {
  virshIs('sleep 60')
  const stop = new AbortController()
  const asked = ask('qemu:///system', ['list'], { deadline_ms: 60_000, signal: stop.signal })
  stop.abort()
  await expect(asked).rejects.toMatchObject({ code: 'timeout' })
})

test('without virsh the remedy names the package', async () => {
  process.env['PATH'] = dir
  await expect(ask('qemu:///system', ['list'], options)).rejects.toMatchObject({
    code: 'missing_tool',
    remedy: expect.stringContaining('apt-get install libvirt-clients'),
  })
})

test('events come line by line, however they are cut, and the end of the stream is told once', async () => {
  virshIs(
    `printf 'READY\\nfirst\\nsec'; sleep 0.2; printf 'ond\\n'; echo 'error: Disconnected from x due to keepalive timeout' >&2`,
  )
  const heard: string[] = []
  const ended = await new Promise<{ code: string }>((resolve) => {
    watch('qemu:///system', (line) => heard.push(line), resolve)
  })
  expect(heard).toEqual(['first', 'second'])
  expect(ended).toMatchObject({ code: 'timeout' })
})

test('a name is one word to virsh, whatever it holds', () => {
  expect(quote('v 1; list "x" \\')).toBe('"v 1; list \\"x\\" \\\\"')
})

const surroundings: Surroundings = {
  realm: 'r',
  interval_ms: 10_000,
  emit: () => undefined,
  memory: { get: () => Promise.resolve(undefined), set: () => Promise.resolve() },
  now: () => 0,
  log: () => undefined,
}

test('the manifest is one that the wire takes, and settings are checked before virsh is called', async () => {
  expect(Manifest.parse(connector.manifest).metrics.filter((metric) => !(metric in METRICS))).toEqual([])
  expect(connector.manifest.settings).toMatchObject({ type: 'object', required: ['uris'] })
  process.env['PATH'] = dir
  for (const settings of [
    {},
    { uris: [] },
    { uris: [''] },
    { uris: ['qemu:///system'], more: 1 },
    { uris: 'qemu:///system' },
  ]) {
    await expect(connector.open(settings, surroundings)).rejects.toMatchObject({ code: 'bad_settings' })
  }
  await (await connector.open({ uris: ['qemu:///system'] }, surroundings)).close()
})
