/** Small worlds through the whole product: versions, usage, invoices and drafts are what the oracle says, to the last digit. */
import { expect, inject, test } from 'vitest'
import { trial } from '../world/trial.ts'

const DAYS = 1
const server = () => ({
  ownerUrl: inject('postgresUrl'),
  superuserUrl: inject('superuserUrl'),
  folder: inject('folder'),
})
/** Seeds lie around different turns of the calendar. */
const SEEDS = [3, 4]

test.each([1, 2])(
  'world %i: each invoice with its notes is what its period comes to, no document changed, and nothing is noted twice',
  { timeout: 300_000 },
  async (seed) => {
    const { wrong, faults } = await trial(server(), seed, DAYS, true)
    expect(wrong, faults).toEqual([])
    expect(faults).toMatch(/debit_note|credit_note/)
  },
)

test.each(SEEDS)(
  'world %i is billed as its oracle says, whatever goes wrong on the way',
  { timeout: 180_000 },
  async (seed) => {
    const { wrong, faults } = await trial(server(), seed, DAYS)
    expect(wrong, faults).toEqual([])
  },
)
