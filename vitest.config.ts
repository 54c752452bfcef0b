/** The four kinds of tests; `test/run.ts` runs them one after the other and counts. */
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const shared = { pool: 'threads' as const, environment: 'node' as const }
/** these start real servers, and their suites each make their own database */
const withServers = { ...shared, globalSetup: ['test/setup/servers.ts'], hookTimeout: 60_000 }

/** These wait for real minutes: they begin first, so that the others fill the time beside them. */
const LONGEST = /\/(updates(-faulty)?|chaos|cut|world|mails|one-number|what-if|axe)\.test\.ts$/
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.test(moduleId)
    // oxlint-disable-next-line unicorn/no-array-sort -- no array's
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
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
            'test/{setup,connectors,world,mutants,vectors,chaos,fuzz,bench}/**/*.test.ts',
          ],
          testTimeout: 20_000,
        },
      },
      {
        test: { ...withServers, name: 'integration', include: ['test/integration/**/*.test.ts'], testTimeout: 60_000 },
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
