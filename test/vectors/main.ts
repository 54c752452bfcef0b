/** `bun run vectors -- FILE…`: prices every case of files of billing vectors by the functions that make invoices. */
import { BadFile, readVectors } from './file.ts'
import { judge } from './judge.ts'

const files = process.argv.slice(2)
const counts = { passed: 0, failed: 0, skipped: 0 }
try {
  if (files.length === 0) throw new BadFile('Name a file of vectors: bun run vectors -- test/vectors/shared.json')
  for (const vector of files.flatMap(readVectors)) {
    const { verdict, why } = judge(vector)
    counts[verdict] += 1
    if (verdict !== 'passed') console.log(`${vector.id} ${verdict}: ${why.join('; ')}`)
  }
} catch (error) {
  if (!(error instanceof BadFile)) throw error
  console.error(error.message)
  counts.failed += 1
}
console.log(
  `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`,
)
process.exitCode = counts.failed > 0 ? 1 : 0
