/** The peer of the bench `ingest`, a process of its own: waits for a line, copies files of binary rows into tables, says its own seconds. */
import { readFileSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import postgres from 'postgres'

/** What to copy where; a file of this is the only argument. */
export interface Copying {
  url: string
  tables: { name: string; file: string }[]
}

const CHUNK_BYTES = 256 * 1024

function* chunks(data: Buffer): Generator<Buffer> {
  for (let at = 0; at < data.length; at += CHUNK_BYTES) yield data.subarray(at, at + CHUNK_BYTES)
}

const { url, tables } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Copying
const sql = postgres(url, { max: 1 })
const loaded = tables.map(({ name, file }) => ({ name, rows: readFileSync(file) }))
await sql`select 1`
process.stdout.write('ready\n')
for await (const line of console) if (line === 'go') break
const before = process.cpuUsage()
await sql.begin(async (tx) => {
  for (const { name, rows } of loaded) {
    const target = await tx`copy ${tx(name)} from stdin with (format binary)`.writable()
    await pipeline(Readable.from(chunks(rows)), target)
  }
})
const spent = process.cpuUsage(before)
process.stdout.write(`${(spent.user + spent.system) / 1e6}\n`)
await sql.end()
process.exit(0)
