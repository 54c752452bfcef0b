/** Checks of counters: unit, epochs, instants and restarts, so that no increase is lost or billed twice. */
import { type Bench, readingsOf, rowsOf, type Tick } from '../bench.ts'
import { billed, must } from '../said.ts'
import { type Check, counted, counterOf, GRAIN, goodTick, sleep } from './check.ts'

const MOST = 2n ** 50n
const SLOW = { by_ms: 250, use_every_ms: 40 } as const

/** A counter that was read once: what follows is compared with that. */
async function started(bench: Bench, name: string) {
  const id = await bench.addCounting(name)
  const base = counted(bench, await goodTick(bench, 'the first'), id)
  return { id, base }
}

type Reading = ReturnType<typeof counted>

/** What the control plane would bill since that reading. */
const billedSince = (bench: Bench, id: string, { seen_at_ms: base_ms }: Reading): bigint => {
  const readings = readingsOf(bench.facts, bench.rig.kind, id)
  return billed(
    readings.filter(({ seen_at_ms }) => seen_at_ms >= base_ms),
    counterOf(bench),
  )
}

async function afterUse(bench: Bench, id: string, amount: bigint, when: string) {
  await bench.rig.use(id, amount)
  return counted(bench, await goodTick(bench, when), id)
}

export const counters: Check[] = [
  {
    name: 'a counter grows by what was used, to the last unit',
    needs: ['add', 'use'],
    async run(bench) {
      const { id, base } = await started(bench, 'unit')
      let before = base
      for (const amount of [GRAIN, 3n * GRAIN, bench.rig.most ?? MOST]) {
        const now = await afterUse(bench, id, amount, `after ${amount}`)
        const grown = now.value - before.value
        must(grown === amount, `${amount} were used and ${counterOf(bench)} grew by ${grown}`)
        must(now.epoch?.id === before.epoch?.id, 'use alone began a new epoch')
        before = now
      }
    },
  },
  {
    name: 'a counter that begins anew begins a new epoch',
    needs: ['add', 'use', 'reset'],
    async run(bench) {
      const { id, base } = await started(bench, 'reset')
      const before = await afterUse(bench, id, 100n * GRAIN, 'before')
      await bench.rig.reset(id)
      const anew = counted(bench, await goodTick(bench, 'after the reset'), id)
      must(anew.epoch?.id !== before.epoch?.id, 'the counter began anew within its epoch')
      const after = await afterUse(bench, id, 2n * GRAIN, 'after it')
      must(after.epoch?.id === anew.epoch?.id, 'one reset began two epochs')
      must(after.value - anew.value === 2n * GRAIN, `in its new epoch it grew by ${after.value - anew.value}`)
      const since_origin = anew.epoch?.origin_ms === undefined ? 0n : anew.value
      const [sum, used] = [billedSince(bench, id, base), 102n * GRAIN + since_origin]
      must(sum === used, `${used} were used and ${sum} would be billed`)
    },
  },
  {
    name: 'a counter that began anew and has outgrown its old value begins a new epoch',
    needs: ['add', 'use', 'reset', 'hidden_reset'],
    async run(bench) {
      const { id } = await started(bench, 'outgrown')
      const before = await afterUse(bench, id, 2n * GRAIN, 'before')
      await bench.rig.reset(id)
      const more = (before.value / GRAIN + 100n) * GRAIN
      const after = await afterUse(bench, id, more, 'after the reset')
      must(after.epoch?.id !== before.epoch?.id, 'the counter began anew within its epoch, above its old value')
    },
  },
  {
    name: 'a late answer bears the instant at which it was so',
    needs: ['add', 'use', 'slow'],
    async run(bench) {
      const { id, base } = await started(bench, 'late')
      const uses: { done_ms: number; total: bigint }[] = []
      const ended = new AbortController()
      const using = async () => {
        for (let total = GRAIN; !ended.signal.aborted; total += GRAIN) {
          await bench.rig.use(id, GRAIN)
          uses.push({ done_ms: Date.now(), total })
          await sleep(SLOW.use_every_ms)
        }
      }
      await bench.rig.slow!(SLOW.by_ms)
      const [tick, born] = await Promise.all([
        goodTick(bench, 'slow').finally(() => ended.abort()),
        sleep(SLOW.by_ms / 2).then(async () => ({ id: await bench.add('born late'), done_ms: Date.now() })),
        using(),
      ])
      await bench.rig.calm()
      notLate(bench, tick, born)
      const reading = counted(bench, tick, id)
      const known = uses.findLast(({ done_ms }) => done_ms < reading.seen_at_ms)?.total ?? 0n
      const told = reading.value - base.value
      must(
        told >= known,
        `a reading says ${told} at an instant at which ${known} had been used: it bears the time at which it came`,
      )
    },
  },
  {
    name: 'after a restart epochs go on and nothing counts twice',
    needs: ['add', 'use'],
    async run(bench) {
      const { id, base } = await started(bench, 'restart')
      const before = await afterUse(bench, id, 50n * GRAIN, 'before')
      await bench.restart()
      const after = await afterUse(bench, id, 3n * GRAIN, 'after the restart')
      await goodTick(bench, 'once more')
      const sum = billedSince(bench, id, base)
      must(sum === 53n * GRAIN, `${53n * GRAIN} were used and ${sum} would be billed after a restart`)
      must(after.epoch?.id === before.epoch?.id, 'a restart of the agent began a new epoch')
    },
  },
  {
    name: 'an agent that lost its memory bills nothing twice',
    needs: ['add', 'use'],
    async run(bench) {
      const { id, base } = await started(bench, 'wiped')
      await afterUse(bench, id, 50n * GRAIN, 'before')
      bench.memory = undefined
      await bench.restart()
      bench.memory = undefined
      await afterUse(bench, id, 3n * GRAIN, 'after')
      await afterUse(bench, id, 5n * GRAIN, 'and on')
      const sum = billedSince(bench, id, base)
      must(sum <= 58n * GRAIN && sum >= 55n * GRAIN, `${58n * GRAIN} were used and ${sum} would be billed`)
    },
  },
]

/** A listing that says it is whole at an instant holds what was there before. */
function notLate(bench: Bench, tick: Tick, born: { id: string; done_ms: number }): void {
  for (const one of tick.listings)
    must(
      !one.complete ||
        one.seen_at_ms <= born.done_ms ||
        rowsOf({ listings: [one] }, bench.rig.kind, born.id).length > 0,
      `a listing of ${one.scope} bears the time at which it came: it lacks ${born.id}, which was there then`,
    )
}
