/** The contract of connectors, on the machine that runs the test: as far as nobody can be made there. */
import { connector } from '#connectors/host/index.ts'
import { aloneRig } from './alone.ts'
import { contractOf } from './kit.ts'

const why = {
  made: 'the machine of the test is what it is: none is made, none is ended',
  trouble: 'it reads /proc and /sys: no vendor answers late, or refuses',
}
const settings = { exclude_mounts: ['/var/lib/docker/**'] }
contractOf('host', async () => aloneRig(connector, { kind: 'host', settings, why }))
