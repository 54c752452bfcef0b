/** Records the migrations that land now, so that the tidy test sees a later edit: `bun test/tidy/record.ts`. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { newRecords } from './check.ts'
import { projectFiles, RECORD } from './tree.ts'

const added = newRecords(projectFiles(), existsSync(RECORD) ? readFileSync(RECORD, 'utf8') : '')
appendFileSync(RECORD, added)
process.stdout.write(added || 'Nothing new.\n')
