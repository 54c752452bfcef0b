/** Checks of listings: they fit the wire, are complete only when they are, and lose, double and end nothing. */
import { LIMITS } from '#connectors/contract.ts'
import { rowsOf } from '../bench.ts'
import { must, once } from '../said.ts'
import { allListed, type Check, endsNone, GRAIN, goodTick, rowOf } from './check.ts'

const CHANGING_TICKS = 3
const LIMIT_TOLD = /limit|too many|more than|at most/i
const CUSTOMERS = ['customer-4711', 'customer-1147'] as const

export const listings: Check[] = [
  {
    name: 'what it says fits the wire and its manifest, and nothing that fluctuates is told as a change',
    needs: [],
    async run(bench) {
      const able = (verb: 'add' | 'use') => bench.rig.cannot[verb] === undefined
      const ids = able('add') ? await bench.addMany(2, 'fits') : []
      await allListed(bench, ids, 'at first')
      if (able('add') && able('use') && bench.rig.counter !== null) {
        const counting = await bench.addCounting('counts')
        await allListed(bench, [...ids, counting], 'with one that counts')
        await bench.rig.use(counting, GRAIN)
        ids.push(counting)
      }
      const second = await allListed(bench, ids, 'at the second tick')
      for (const { scope, unchanged } of second.listings)
        must(unchanged, `the listing of ${scope} changed, though nothing did but counters`)
    },
  },
  {
    name: 'an incomplete listing never says that it is complete',
    needs: ['add', 'incomplete'],
    async run(bench) {
      const ids = await bench.addMany(7, 'part')
      const before = await allListed(bench, ids, 'before')
      await bench.rig.trouble('incomplete')
      const during = await bench.tick()
      endsNone(bench, before, during, ids, 'while a part is missing')
      const whole = during.listings.filter(({ complete }) => complete)
      const shows = !during.ok || ids.some((id) => rowsOf({ listings: whole }, bench.rig.kind, id).length === 0)
      must(shows, 'nothing was missing: the trouble of the rig did nothing')
      await bench.rig.calm()
      await allListed(bench, ids, 'afterwards')
    },
  },
  {
    name: 'a right that is missing is told, and ends nothing',
    needs: ['add', 'missing_right'],
    async run(bench) {
      const ids = await bench.addMany(2, 'right')
      const before = await allListed(bench, ids, 'before')
      const logged = bench.logged.length
      await bench.rig.trouble('missing_right')
      const during = await bench.tick()
      endsNone(bench, before, during, ids, 'without the right')
      const told = !during.ok || bench.logged.length > logged || during.listings.some(({ complete }) => !complete)
      must(told, 'it said nothing of the right that it lacks')
      await bench.rig.calm()
      await allListed(bench, ids, 'afterwards')
    },
  },
  {
    name: 'a change between pages neither loses nor doubles nor ends a resource',
    needs: ['add', 'changes_between_pages'],
    async run(bench) {
      const ids = await bench.addMany(7, 'page')
      const before = await allListed(bench, ids, 'before')
      await bench.rig.trouble('changes_between_pages')
      const ticks = []
      for (let n = 0; n < CHANGING_TICKS; n++) ticks.push(await bench.tick())
      await bench.rig.calm()
      const after = await goodTick(bench, 'afterwards')
      const lived = ids.filter((id) => rowsOf(after, bench.rig.kind, id).length === 1)
      must(lived.length > 0, 'nothing lived through it: the rig took away what was added')
      for (const during of ticks) {
        for (const { scope, resources } of during.listings) once(resources, `the listing of ${scope}`)
        endsNone(bench, before, during, lived, 'while things come and go')
      }
    },
  },
  {
    name: 'an id that is used again is another incarnation',
    needs: ['add', 'reuse'],
    async run(bench) {
      const id = await bench.add('reused')
      const first = rowOf(bench, await allListed(bench, [id], 'the first'), id)
      await bench.remove(id)
      await bench.rig.reuse(id)
      bench.added.add(id)
      const second = rowOf(bench, await allListed(bench, [id], 'the second'), id)
      must(
        first.incarnation !== second.incarnation,
        `the ${second.kind} ${id} is another one and has the incarnation "${first.incarnation}" of the one that is gone`,
      )
    },
  },
  {
    name: 'what is gone is not listed any more',
    needs: ['add'],
    async run(bench) {
      const [stays, goes] = [await bench.add('stays'), await bench.add('goes')]
      await allListed(bench, [stays, goes], 'before')
      await bench.remove(goes)
      const after = await allListed(bench, [stays], 'afterwards')
      must(rowsOf(after, bench.rig.kind, goes).length === 0, `${goes} is gone and still listed`)
    },
  },
  {
    name: 'the label of its customer is kept',
    needs: ['add', 'label'],
    async run(bench) {
      const ids = await bench.addMany(CUSTOMERS.length, 'labelled')
      await allListed(bench, ids, 'before')
      for (const [index, customer] of CUSTOMERS.entries()) await bench.rig.label(ids[index]!, customer)
      const tick = await allListed(bench, ids, 'labelled')
      for (const [index, customer] of CUSTOMERS.entries()) {
        const { name: _name, external_id: id, ...rest } = rowOf(bench, tick, ids[index]!)
        must(JSON.stringify(rest).includes(customer), `the label ${customer} of ${id} is nowhere in what is said of it`)
        const others = CUSTOMERS.filter((other) => other !== customer && JSON.stringify(rest).includes(other))
        must(others.length === 0, `${id} bears the label ${others[0]} of another one`)
      }
    },
  },
  {
    name: 'more than fits into a part is cut or refused, never dropped',
    needs: ['add', 'many'],
    async run(bench) {
      const ids = await bench.addMany(LIMITS.rowsPerPart + 1, 'many')
      const logged = bench.logged.length
      const tick = await bench.tick()
      const told = [String(tick.thrown), ...bench.logged.slice(logged)].some((text) => LIMIT_TOLD.test(text))
      if (!tick.ok) return must(told, `it fails and doesn't say that there is a limit: ${String(tick.thrown)}`)
      const whole = tick.listings.filter(({ complete }) => complete)
      const listed = new Set(whole.flatMap(({ resources }) => resources.map(({ external_id }) => external_id)))
      const missing = ids.filter((id) => !listed.has(id)).length
      must(missing === 0 || whole.length === 0, `${missing} of ${ids.length} were dropped from a complete listing`)
      must(missing === 0 || told, `${missing} of ${ids.length} are not listed, and nothing says that there is a limit`)
    },
  },
]
