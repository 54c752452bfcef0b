/** Checks of what goes wrong at a vendor: it ends in time, is told clearly, says nothing that isn't so, and passes. */
import { type Bench, type Tick, within } from '../bench.ts'
import { must } from '../said.ts'
import { allListed, type Check, clearError, counted, endsNone, failedClearly, GRAIN, goodTick, sleep } from './check.ts'

const HANGING = { limit_ms: 400, open_ms: 1_000 } as const
const RATE_LIMITED_MS = 600
const GARBLED_TICKS = 5

const canUse = ({ rig }: Bench) => rig.counter !== null && rig.cannot.use === undefined

/** Two of a kind, whose counters are told where there are any. */
async function two(bench: Bench, stem: string): Promise<[string, string]> {
  const add = (name: string) => (canUse(bench) ? bench.addCounting(name) : bench.add(name))
  return [await add(`${stem}-1`), await add(`${stem}-2`)]
}

/** Nothing of the vendor is told. */
const silent = (tick: Tick, when: string) =>
  must(
    !tick.facts.some(({ type }) => type !== 'health' && type !== 'gap'),
    `${when}: it said ${tick.facts.map(({ type }) => type).join(', ')}`,
  )

export const troubles: Check[] = [
  {
    name: 'too many requests are waited out or told, and no fact is lost',
    needs: ['add', 'rate_limited'],
    async run(bench) {
      const ids = await two(bench, 'rate')
      const before = await allListed(bench, ids, 'before')
      await bench.rig.trouble('rate_limited')
      const pending = bench.tick()
      await sleep(RATE_LIMITED_MS)
      if (canUse(bench)) await bench.rig.use(ids[0], GRAIN)
      await bench.rig.calm()
      const during = await pending
      endsNone(bench, before, during, ids, 'while requests are refused')
      if (!during.ok) {
        const error = failedClearly(during, 'while requests are refused')
        const says = error.code === 'limit' || /rate|too many|throttl|slow down|busy/i.test(error.message)
        must(says, `it doesn't say why: ${error.message}`)
      }
      const after = await allListed(bench, ids, 'afterwards')
      if (!canUse(bench)) return
      const grown = counted(bench, after, ids[0]).value - counted(bench, before, ids[0]).value
      must(grown === GRAIN, `${GRAIN} were used meanwhile and the counter grew by ${grown}`)
    },
  },
  {
    name: 'a vendor that refuses requests is not hammered',
    needs: ['rate_limited', 'requests'],
    async run(bench) {
      const asked = async (work: () => Promise<unknown>) => {
        const before = bench.rig.requests!()
        await work()
        return bench.rig.requests!() - before
      }
      await goodTick(bench, 'before')
      const usual = await asked(() => goodTick(bench, 'as usual'))
      const refused = await asked(async () => {
        await bench.rig.trouble('rate_limited')
        const pending = bench.tick()
        await sleep(RATE_LIMITED_MS)
        await bench.rig.calm()
        await pending
      })
      must(refused <= 2 * usual + 5, `it asked ${refused} times while refused, ${usual} times as usual`)
    },
  },
  {
    name: 'a vendor that hangs ends the tick in time, and the next one works',
    needs: ['hangs'],
    async run(bench) {
      const before = await goodTick(bench, 'before')
      await bench.rig.trouble('hangs')
      await within(HANGING.open_ms, opened(bench), 'opening it waits for the vendor')
      const during = await bench.tick({ limit_ms: HANGING.limit_ms })
      failedClearly(during, 'while nothing answers')
      await bench.rig.calm()
      const after = await goodTick(bench, 'afterwards')
      must(after.listings.length >= before.listings.length, 'it lists less than before it hung')
    },
  },
  {
    name: 'a credential that is not valid any more is told as that',
    needs: ['expired_credential'],
    async run(bench) {
      await goodTick(bench, 'before')
      await bench.rig.trouble('expired_credential')
      const during = await bench.tick()
      const error = failedClearly(during, 'with an expired credential')
      must(error.code === 'refused', `its code is ${error.code}, not refused`)
      silent(during, 'with an expired credential')
      await bench.rig.calm()
      await goodTick(bench, 'afterwards')
    },
  },
  {
    name: 'a server of an authority that it was not told to trust is refused',
    needs: ['untrusted_tls'],
    async run(bench) {
      await goodTick(bench, 'by the pinned authority')
      await bench.rig.trouble('untrusted_tls')
      await bench.restart()
      const during = await bench.tick()
      failedClearly(during, 'by another authority')
      silent(during, 'by another authority')
      await bench.rig.calm()
      await bench.restart()
      await goodTick(bench, 'by the pinned authority again')
    },
  },
  {
    name: 'a garbled answer is told clearly, and nothing is said that is not so',
    needs: ['add', 'garbled'],
    async run(bench) {
      const ids = await two(bench, 'garbled')
      const before = await allListed(bench, ids, 'before')
      const known = new Map(canUse(bench) ? ids.map((id) => [id, counted(bench, before, id).value]) : [])
      for (let n = 0; n < GARBLED_TICKS; n++) {
        await bench.rig.trouble('garbled')
        const during = await bench.tick()
        await bench.rig.calm()
        endsNone(bench, before, during, ids, 'while answers are garbled')
        if (!during.ok) clearError(during, 'while answers are garbled')
        const told = !during.ok || during.listings.some(({ complete }) => !complete) || during.listings.length === 0
        must(told, 'a garbled answer passed for a good one')
        for (const [id, value] of known) {
          const said = during.facts.some((fact) => fact.type === 'readings' && fact.resource.external_id === id)
          must(!said || counted(bench, during, id).value === value, `a garbled answer changed a counter of ${id}`)
        }
      }
      await allListed(bench, ids, 'afterwards')
    },
  },
]

/** As the agent opens it, with nothing of a tick. */
async function opened({ rig }: Bench): Promise<void> {
  const session = await rig.connector.open(rig.settings(), {
    realm: rig.realm,
    interval_ms: 10_000,
    emit: () => {},
    memory: { get: async () => undefined, set: async () => {} },
    now: Date.now,
    log: () => {},
  })
  await session.close()
}
