/** A seeded source of chance: each input has its own, so that one can be made again without those before it. */

/** sfc32 (Chris Doty-Humphrey), mixed from two numbers. */
export class Random {
  #a: number
  #b: number
  #c = 0x9e3779b9
  #counter = 1

  constructor(seed: number, number: number) {
    this.#a = seed | 0
    this.#b = number | 0
    for (let round = 0; round < 15; round += 1) this.#next()
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** from 0 to below `bound` */
  below(bound: number): number {
    return Math.floor((this.#next() / 2 ** 32) * bound)
  }
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }
  chance(share: number): boolean {
    return this.#next() < share * 2 ** 32
  }
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('there is nothing to pick from')
    return list[this.below(list.length)] as T
  }
  /** Shares need not add up to 1. */
  weighted<T extends { weight: number }>(list: readonly T[]): T {
    let at = (this.#next() / 2 ** 32) * list.reduce((sum, { weight }) => sum + weight, 0)
    return list.find(({ weight }) => (at -= weight) < 0) ?? this.pick(list)
  }
  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256))
  }
  uuid(): string {
    const hex = Buffer.from(this.bytes(16)).toString('hex')
    const variant = '89ab'[this.below(4)]
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`
  }
}
