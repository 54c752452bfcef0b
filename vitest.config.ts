/** The kinds of tests; `test/run.ts` runs them one after the other and counts. */
import { basename } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// modules are loaded once for each worker: no test changes what they hold, and loading them for every file takes a third of the time
const shared = { pool: 'threads' as const, environment: 'node' as const, isolate: false }
/** these start real servers, and their suites each make their own database */
const withServers = { ...shared, globalSetup: ['test/setup/servers.ts'], hookTimeout: 60_000 }

/** What takes minutes each: the small sizes of what proves the product whole, updates over real processes, full disks, every number of a month. */
const LONG =
  'test/integration/{world,mutants,chaos,finalisers,fuzz,bench,updates,updates-faulty,disk-full,one-number}.test.ts'

/** These take minutes, of which some only wait: they begin first and in this order, so that the others fill the time beside them. */
const LONGEST =
  'updates updates-faulty world finalisers bench disk-full outage mutants agent-identity one-number up reconciliation chaos people axe erasure mails cut'.split(
    ' ',
  )
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const found = LONGEST.indexOf(basename(moduleId, '.test.ts'))
      return found < 0 ? LONGEST.length : found
    }
    // oxlint-disable-next-line unicorn/no-array-sort -- no array's
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => place(a) - place(b))
  }
}

export default defineConfig({
  test: {
    // much of a suite with servers is waiting: two at a time keep two cores busy, and more would starve each other
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: [
            '{connectors,agent,control-plane,ui,deploy}/**/*.test.ts',
            'test/tidy.test.ts',
            'test/{setup,world,mutants,vectors,chaos,fuzz,bench,connectors}/**/*.test.ts',
          ],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          ...withServers,
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          exclude: [LONG],
          testTimeout: 60_000,
        },
      },
      {
        test: { ...withServers, name: 'long', include: [LONG], testTimeout: 60_000 },
      },
      {
        test: { ...withServers, name: 'browser', include: ['test/e2e/**/*.test.ts'], testTimeout: 120_000 },
      },
      {
        test: {
          ...withServers,
          name: 'backends',
          include: ['test/backends/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
