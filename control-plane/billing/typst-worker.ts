/** The thread that sets documents: computing a page takes a tenth of a second in which nobody else could be answered. */
import { join } from 'node:path'
import { parentPort } from 'node:worker_threads'
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler'
import { FACES } from './glyphs.ts'
import type { Answer, Job } from './typst.ts'

/** Where a template finds the logo's bytes: no such file lies on the disk. */
const LOGO = join(import.meta.dirname, 'logo')
/** Parts of pages that were set before are kept for so many documents. */
const KEPT_DOCUMENTS = 10

const compiler = NodeCompiler.create({ workspace: import.meta.dirname, fontArgs: [{ fontPaths: FACES }] })

function set({ source, inputs, logo, at_seconds }: Job): Uint8Array {
  if (logo) compiler.mapShadow(LOGO, Buffer.from(logo))
  try {
    const compiled = compiler.compile({ mainFileContent: source, inputs })
    const warnings = compiled.takeWarnings()?.shortDiagnostics ?? []
    const errors = compiled.takeDiagnostics()?.shortDiagnostics ?? []
    if (!compiled.result || warnings.length > 0) throw new Error(JSON.stringify([...errors, ...warnings]))
    return new Uint8Array(
      compiler.pdf(compiled.result, { creationTimestamp: at_seconds, pdfStandard: 'a-3b' as never }),
    )
  } finally {
    compiler.resetShadow()
    compiler.evictCache(KEPT_DOCUMENTS)
  }
}

parentPort?.on('message', (job: Job) => {
  let answer: Answer
  try {
    answer = { id: job.id, bytes: set(job) }
  } catch (error) {
    answer = { id: job.id, problem: String(error) }
  }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is of windows
  parentPort?.postMessage(answer)
})
