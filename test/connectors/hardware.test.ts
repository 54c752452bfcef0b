/** The contract of connectors, on the hardware of the machine that runs the test. */
import { connector } from '#connectors/hardware/index.ts'
import { aloneRig } from './alone.ts'
import { contractOf } from './kit.ts'

const why = {
  made: 'the parts of the test’s machine are what they are: none is put in, none is taken out',
  trouble: 'it runs tools of the machine itself: no vendor answers late, or refuses',
}
contractOf('hardware', async () => aloneRig(connector, { kind: 'component', settings: {}, why }))
