/** Small worlds through the whole product: versions, usage, invoices and drafts are what the oracle says, to the last digit. */
import { expect, inject, test } from 'vitest'
import { trial } from '../world/trial.ts'

const DAYS = 1
/** Seeds lie around different turns of the calendar. */
const SEEDS = [1, 3, 4]

test.each(SEEDS)(
  'world %i is billed as its oracle says, whatever goes wrong on the way',
  { timeout: 180_000 },
  async (seed) => {
    const server = {
      ownerUrl: inject('postgresUrl'),
      superuserUrl: inject('superuserUrl'),
      folder: inject('folder'),
    }
    const { wrong, faults } = await trial(server, seed, DAYS)
    expect(wrong, faults).toEqual([])
  },
)
