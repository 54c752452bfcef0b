/** A process that plays seeds, one after the other, as it is told: `main.ts` starts some of them. */
import { type Server, trial } from './trial.ts'

export interface Task {
  server: Server
  seed: number
  days: number
  notes: boolean
}

process.on('message', async ({ server, seed, days, notes }: Task) => {
  process.send?.(await trial(server, seed, days, notes))
})
process.on('disconnect', () => process.exit())
