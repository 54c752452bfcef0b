import { factsOf, ratedInMemory, recordsIn } from './test/bench/rating-memory.ts'
import { monthOf } from '#control-plane/base/time.ts'
const month = monthOf(Date.UTC(2026, 9, 5), 'UTC')
const facts = Array.from({ length: 24 }, (_, a) => factsOf(a, month))
console.log(recordsIn(facts))
for (let i = 0; i < 5; i++) {
  const r = ratedInMemory(facts, 4)
  console.log((r.units / r.cpu_seconds / 1e6).toFixed(2), 'M/s')
}
