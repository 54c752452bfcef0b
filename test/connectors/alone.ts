/** The rig of a connector whose machine is what it is: nothing can be made there, and no vendor goes wrong. */
import type { Connector, Kind } from '#connectors/contract.ts'
import { type Rig, TROUBLES } from './rig.ts'

export function aloneRig(
  connector: Connector,
  { kind, settings, why }: { kind: Kind; settings: Record<string, unknown>; why: { made: string; trouble: string } },
): Rig {
  const never = (): never => {
    throw new Error(why.made)
  }
  return {
    connector,
    realm: 'here',
    kind,
    counter: null,
    settings: () => settings,
    add: never,
    label: never,
    remove: never,
    reuse: never,
    use: never,
    reset: never,
    trouble: never,
    calm: async () => {},
    cannot: { add: why.made, ...Object.fromEntries(TROUBLES.map((trouble) => [trouble, why.trouble])) },
    end: async () => {},
  }
}
