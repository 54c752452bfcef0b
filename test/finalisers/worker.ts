/** A process that finalises with many hands: each looks for closes again and again. It is killed, never asked to stop. */
import { workOnCloses } from '#control-plane/closing/index.ts'
import { collided, connect } from '#control-plane/db/index.ts'
import { keyPlaces, useKeys } from '#control-plane/secrets/index.ts'
import { raised } from '../setup/raised.ts'

const [url = '', folder = '', now = '', hands = ''] = process.argv.slice(2)
useKeys(keyPlaces({}, folder))
const db = connect(url, Number(hands))

await db.$client`select 1`
process.stdout.write('ready\n')
const hand = async (): Promise<never> => {
  for (;;) {
    // as the background does: what met another transaction is tried again, all else is a fault
    await workOnCloses(db, () => Number(now), raised).catch((error) => collided(error) || raised(error))
    await Bun.sleep(20)
  }
}
await Promise.all(Array.from({ length: Number(hands) }, hand))
