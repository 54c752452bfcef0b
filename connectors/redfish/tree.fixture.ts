/** Reads a recorded tree as a BMC would be read: for tests and fuzzing, without a network. */
import type { Answer, Ask } from './survey.ts'
import { fields, items, path } from './values.ts'

/** Resources by path. */
export type Tree = Readonly<Record<string, unknown>>

/** Members that stand within their collection are resources of their own, too. */
function answerOf(tree: Tree, at: string): Answer {
  const wanted = at === '/redfish/v1/' ? ['/redfish/v1', '/redfish/v1/'] : [at, `${at}/`]
  const found = wanted.map((one) => (Object.hasOwn(tree, one) ? tree[one] : undefined)).find((one) => one !== undefined)
  if (found !== undefined) return { kind: 'resource', body: { ...fields(found) } }
  const parent = at.slice(0, Math.max(at.lastIndexOf('/'), 0))
  const inline = Object.hasOwn(tree, parent)
    ? items(fields(tree[parent])['Members']).find((member) => path(member) === at && 'Id' in member)
    : undefined
  return inline ? { kind: 'resource', body: { ...inline } } : { kind: 'missing' }
}

export function walk<T>(tree: Tree, survey: Ask<T>): T {
  let step = survey.next()
  while (!step.done) step = survey.next(step.value.map((at) => answerOf(tree, at)))
  return step.value
}
