/** Skips a test for a reason that the closing report names. */
import type { TestContext } from 'vitest'

declare module 'vitest' {
  interface TaskMeta {
    skipReason?: string
  }
}

/** Goes on only where `present` is there; `reason` says what is missing and how to get it. */
export function skipWithout(context: TestContext, present: unknown, reason: string): void {
  if (present) return
  context.task.meta.skipReason = reason
  context.skip(reason)
}
