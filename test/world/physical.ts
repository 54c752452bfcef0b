/** How far what was observed of a life is from the life itself: at most one listing on either side. Pure. */
import type { Outcome } from './outcome.ts'
import type { Instant, Look, Machine, Stretch, Truth } from './truth.ts'

/** A clock is known to within half a round trip. */
const CLOCK_MS = 1_000

export interface Strayed {
  /** how many bounds of lives were compared, and the longest delay, for people */
  text: string
  wrong: string[]
}

/**
 * A birth is observed between its instant and the next complete listing of its host that arrived. An end is observed by the next ones of
 * all hosts that had not been listed since the machine left them: each of them holds it until then. Nothing shows a stay that began and
 * ended between two listings of its host, untold: such a machine ends where the stay before it was seen to end.
 */
export function strayed(truth: Truth, found: Outcome): Strayed {
  const looks = Map.groupBy(
    truth.looks.filter((look) => look.complete && look.stored_at !== null).toSorted((a, b) => a.at - b.at),
    (look) => `${look.realm} ${look.host}`,
  )
  const wrong: string[] = []
  const delays: number[] = []
  for (const machine of truth.machines)
    for (const { what, at, earliest, shown } of boundsOf(machine, truth)) {
      const versions = found.versions[machine.key]
      const seen = what === 'birth' ? versions?.at(0)?.from : versions?.at(-1)?.to
      const nexts = shown.map(({ host, since }) => nextLook(looks.get(`${machine.realm} ${host}`) ?? [], since))
      const next = nexts.reduce<number>((latest, one) => Math.max(latest, one?.seen_at ?? Infinity), at)
      if (next === Infinity || (what === 'birth' && stayedUntil(machine) < next)) continue
      if (seen === undefined || seen === null || seen < earliest - CLOCK_MS || seen > next + CLOCK_MS)
        wrong.push(
          `The ${what} of ${machine.key} at ${text(at)}: observed ${text(seen ?? null)}, looked at ${text(next)}.`,
        )
      else delays.push(Math.max(0, seen - at))
    }
  const longest = Math.round(delays.reduce((a, b) => Math.max(a, b), 0) / 60_000)
  return { text: `${delays.length} bounds of lives, each within one listing; the latest by ${longest} min`, wrong }
}

interface Bound {
  what: 'birth' | 'end'
  at: Instant
  /** before it nobody can have seen it so */
  earliest: Instant
  /** hosts whose next listing from then on shows it */
  shown: { host: string; since: Instant }[]
}

/** Until when it was on its first host. */
const stayedUntil = ({ life }: Machine): Instant =>
  life.find(({ host }) => host !== life[0]?.host)?.from ?? life.at(-1)?.to ?? Infinity

function boundsOf(machine: Machine, truth: Truth): Bound[] {
  const { life } = machine
  const [first, last] = [life.at(0), life.at(-1)]
  const out: Bound[] = []
  if (first && first.from >= truth.start)
    out.push({ what: 'birth', at: first.from, earliest: first.from, shown: [{ host: first.host, since: first.from }] })
  const shown = life.findLast((stretch) => isShown(machine, stretch, truth))
  if (last?.to && last.to >= truth.start && shown?.to)
    out.push({
      what: 'end',
      at: last.to,
      earliest: shown.to,
      shown: life.map(({ host, to }) => ({ host, since: to ?? Infinity })),
    })
  return out
}

/** Somebody said in that time that it was there, and was heard. */
const isShown = ({ key, realm }: Machine, { host, from, to }: Stretch, { looks, tellings }: Truth): boolean =>
  looks.some(
    (look) =>
      look.realm === realm &&
      look.host === host &&
      look.stored_at !== null &&
      from <= look.at &&
      look.at < (to ?? Infinity) &&
      !look.omitted.includes(key),
  ) ||
  tellings.some((told) => told.machine === key && told.at === from && told.content !== null && told.stored_at !== null)

const nextLook = (looks: readonly Look[], at: Instant): Look | undefined => looks.find((look) => look.at >= at)

const text = (at: Instant | null): string => (at === null ? 'never' : new Date(at).toISOString())
