/** Planted fault: each session begins epochs of its own and says that they began with it, at zero. */
import type { Connector } from '#connectors/contract.ts'
import { connector as good } from '../toy/connector/index.ts'

export const countsTwice: Connector = {
  manifest: good.manifest,
  async open(settings, surroundings) {
    const session = await good.open(settings, surroundings)
    const opened_ms = surroundings.now()
    return {
      async collect(signal) {
        const facts = await session.collect(signal)
        return facts.map((fact) => {
          if (fact.type !== 'readings' || !fact.epoch) return fact
          const { id, origin_ms = 0 } = fact.epoch
          return { ...fact, epoch: { id: `${opened_ms}/${id}`, origin_ms: Math.max(origin_ms, opened_ms) } }
        })
      },
      close: () => session.close(),
    }
  },
}
