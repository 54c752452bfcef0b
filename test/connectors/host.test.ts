/** The contract of connectors, on the machine that runs the test: as far as nobody can be made there. */
import { connector } from '#connectors/host/index.ts'
import { contractOf } from './kit.ts'
import { type Rig, TROUBLES } from './rig.ts'

const MACHINE = 'the machine of the test is what it is: none is made, none is ended'
const KERNEL = 'it reads /proc and /sys: no vendor answers late, or refuses'
const never = (): never => {
  throw new Error(MACHINE)
}

contractOf('host', async (): Promise<Rig> => ({
  connector,
  realm: 'here',
  kind: 'host',
  counter: null,
  settings: () => ({ exclude_mounts: ['/var/lib/docker/**'] }),
  add: never,
  label: never,
  remove: never,
  reuse: never,
  use: never,
  reset: never,
  trouble: never,
  calm: async () => {},
  cannot: { add: MACHINE, ...Object.fromEntries(TROUBLES.map((trouble) => [trouble, KERNEL])) },
  end: async () => {},
}))
