/** A large cluster fits into a small agent. */
import { expect, test } from 'vitest'
import { firstSync } from '#test/connectors/k8s/first-sync.ts'

const MEGABYTES_MAX = 300

test(
  '5,000 pods are listed in pages and watched in at most 300 MB, in a process of its own',
  { timeout: 60_000 },
  async () => {
    const { pods, seconds, again_seconds, rss_mb } = await firstSync(5_000)
    console.info(`first sync of ${pods} pods: ${seconds} s, ${rss_mb} MB; again, unchanged: ${again_seconds} s`)
    expect(pods).toBe(5_000)
    expect(rss_mb).toBeLessThanOrEqual(MEGABYTES_MAX)
  },
)
