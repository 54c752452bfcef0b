/** Reads of many at once: what is asked for one account each in the same moment goes to the database as one question. */
import type { Context } from './index.ts'

/** What all of them give, once none is at work any more; the first error where one failed. Work that goes on after its transaction would harm others. */
export async function allOf<T>(list: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(list)
  return await Promise.all(list)
}

interface Asked<One, Value> {
  one: One
  resolve(value: Value): void
  reject(error: unknown): void
}

/**
 * `read` answers for many, in their order. Who asks in one turn of the event loop, within one transaction, for the same `shared`, is
 * read together with the others; who asks alone asks as if this weren't here.
 */
export function together<Shared, One, Value>(
  read: (ctx: Context, shared: Shared, ones: readonly One[]) => Promise<readonly Value[]>,
): (ctx: Context, shared: Shared, one: One) => Promise<Value> {
  const waiting = new WeakMap<Context, Map<string, Asked<One, Value>[]>>()
  const run = async (ctx: Context, shared: Shared, asked: readonly Asked<One, Value>[]): Promise<void> => {
    try {
      const values = await read(
        ctx,
        shared,
        asked.map(({ one }) => one),
      )
      for (const [index, { resolve }] of asked.entries()) resolve(values[index] as Value)
    } catch (error) {
      for (const { reject } of asked) reject(error)
    }
  }
  return (ctx, shared, one) =>
    new Promise((resolve, reject) => {
      const own = waiting.get(ctx) ?? new Map<string, Asked<One, Value>[]>()
      waiting.set(ctx, own)
      const key = JSON.stringify(shared)
      const others = own.get(key)
      if (others) {
        others.push({ one, resolve, reject })
        return
      }
      const asked = [{ one, resolve, reject }]
      own.set(key, asked)
      setImmediate(() => {
        own.delete(key)
        void run(ctx, shared, asked)
      })
    })
}
