/** Reads a file of billing vectors, or says in one sentence what is wrong with it. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'

const Vector = z.object({
  id: z.string(),
  kind: z.string(),
  input: z.record(z.string(), z.unknown()),
  expected: z.record(z.string(), z.unknown()).refine((fields) => Object.keys(fields).length > 0, 'names no field'),
  note: z.string().optional(),
  source: z.object({ project: z.string() }).optional(),
})
export type Vector = z.infer<typeof Vector>
const Vectors = z.object({ vectors: z.array(Vector).min(1) })

export class BadFile extends Error {}

export function readVectors(path: string): Vector[] {
  const { data, error } = Vectors.safeParse(parsed(path))
  const issue = error?.issues[0]
  if (!data) throw new BadFile(`${path} is no file of vectors: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
  const ids = data.vectors.map(({ id }) => id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) throw new BadFile(`${path} holds the vector ${twice} twice.`)
  return data.vectors
}

function parsed(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new BadFile(`${path} can't be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new BadFile(`${path} is no JSON.`)
  }
}
