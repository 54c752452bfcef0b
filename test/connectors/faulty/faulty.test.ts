/** The kit finds planted faults: each by the check that is meant for it, and every other check passes on it. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Connector } from '#connectors/contract.ts'
import { CHECKS, make } from '../kit.ts'
import { toyRig } from '../toy/rig.ts'
import { claimsCompleteness } from './claims-completeness.ts'
import { countsPages } from './counts-pages.ts'
import { countsTwice } from './counts-twice.ts'
import { dropsTheLabel } from './drops-the-label.ts'
import { dropsWhatExceeds } from './drops-what-exceeds.ts'
import { hammers } from './hammers.ts'
import { hangs } from './hangs.ts'
import { ignoresResets } from './ignores-resets.ts'
import { leaksItsSecret } from './leaks-its-secret.ts'
import { reusesIdentity } from './reuses-identity.ts'
import { stampsArrival } from './stamps-arrival.ts'
import { trustsAnyone } from './trusts-anyone.ts'
import { wrongUnit } from './wrong-unit.ts'

interface Fault {
  connector: Connector
  /** the check that is meant for it, and what it says */
  by: string
  says: RegExp
  /** checks that must see it as well, and no others */
  also?: readonly string[]
}

const RESET = 'a counter that begins anew begins a new epoch'
const OUTGROWN = 'a counter that began anew and has outgrown its old value begins a new epoch'
const LATE = 'a late answer bears the instant at which it was so'
const RESTART = 'after a restart epochs go on and nothing counts twice'
const WIPED = 'an agent that lost its memory bills nothing twice'

const FAULTS: Readonly<Record<string, Fault>> = {
  'says complete though a page failed': {
    connector: claimsCompleteness,
    by: 'an incomplete listing never says that it is complete',
    says: /a listing that lacks vm-\d+ says that it is complete/,
  },
  'loses a resource between pages': {
    connector: countsPages,
    by: 'a change between pages neither loses nor doubles nor ends a resource',
    says: /while things come and go: a listing that lacks vm-\d+ says that it is complete/,
  },
  'ignores a counter reset': {
    connector: ignoresResets,
    by: RESET,
    says: /the counter began anew within its epoch/,
    also: [OUTGROWN],
  },
  'takes another one under a reused id for the same': {
    connector: reusesIdentity,
    by: 'an id that is used again is another incarnation',
    says: /is another one and has the incarnation "" of the one that is gone/,
  },
  'counts in a wrong unit': {
    connector: wrongUnit,
    by: 'a counter grows by what was used, to the last unit',
    says: /4096 were used and network_transmit_bytes grew by 4194304/,
    also: [RESET, RESTART, WIPED, 'too many requests are waited out or told, and no fact is lost'],
  },
  'stamps late readings with the time at which they came': {
    connector: stampsArrival('readings'),
    by: LATE,
    says: /a reading says \d+ at an instant at which \d+ had been used/,
  },
  'stamps late listings with the time at which they came': {
    connector: stampsArrival('listing'),
    by: LATE,
    says: /a listing of cluster toy bears the time at which it came/,
  },
  'hammers a vendor that refuses requests': {
    connector: hammers,
    by: 'a vendor that refuses requests is not hammered',
    says: /it asked \d+ times while refused, \d+ times as usual/,
  },
  'hangs for ever': {
    connector: hangs,
    by: 'a vendor that hangs ends the tick in time, and the next one works',
    says: /the tick still runs/,
  },
  'leaks its secret in an error': {
    connector: leaksItsSecret,
    by: 'a credential that is not valid any more is told as that',
    says: /a secret of its settings stands in an error/,
  },
  'accepts any certificate': {
    connector: trustsAnyone,
    by: 'a server of an authority that it was not told to trust is refused',
    says: /by another authority: the tick went well/,
  },
  'drops the label of the customer': {
    connector: dropsTheLabel,
    by: 'the label of its customer is kept',
    says: /the label customer-4711 of vm-\d+ is nowhere/,
  },
  'drops what exceeds a part': {
    connector: dropsWhatExceeds,
    by: 'more than fits into a part is cut or refused, never dropped',
    says: /1 of 1001 were dropped from a complete listing/,
  },
  'counts twice after a restart': {
    connector: countsTwice,
    by: RESTART,
    says: /217088 were used and 421888 would be billed after a restart/,
    also: [WIPED],
  },
}

/** What each check that fails says. */
async function failures(connector: Connector): Promise<Record<string, string>> {
  const rig = await toyRig(connector)
  const said: Record<string, string> = {}
  try {
    for (const check of CHECKS) await make(check, rig).catch((error: Error) => void (said[check.name] = error.message))
  } finally {
    await rig.end()
  }
  return said
}

describe('a connector that', () => {
  let found: Map<string, Record<string, string>>
  beforeAll(async () => {
    // much of a check is waiting: all faults wait at once
    const all = Object.entries(FAULTS).map(async ([name, { connector }]) => [name, await failures(connector)] as const)
    found = new Map(await Promise.all(all))
  }, 60_000)

  for (const [name, { by, says, also = [] }] of Object.entries(FAULTS))
    test(`${name} is found by the check that is meant for it`, () => {
      const said = found.get(name) ?? {}
      expect(said[by]).toMatch(says)
      expect(Object.keys(said).toSorted(), JSON.stringify(said, null, 2)).toEqual([by, ...also].toSorted())
    })
})
