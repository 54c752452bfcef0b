/** Chance that is the same for the same seed, on every machine. */

/** Mixes a text into 32 bits (FNV-1a). */
const mixed = (seed: number, text: string): number => {
  let hash = 0x811c9dc5 ^ seed
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 0
}

/** mulberry32: small, quick, and good enough to spread faults. */
export class Random {
  readonly #seed: number
  #state: number

  constructor(seed: number, purpose = '') {
    this.#seed = seed
    this.#state = mixed(seed, purpose)
  }

  /** Chance of its own: what one part draws changes nothing for another. */
  of(purpose: string): Random {
    return new Random(mixed(this.#seed, purpose), purpose)
  }

  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mix = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mix = (mix + Math.imul(mix ^ (mix >>> 7), 61 | mix)) ^ mix
    return ((mix ^ (mix >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number of [least, most]. */
  int(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1))
  }

  /** True once in `n` times. */
  onceIn(n: number): boolean {
    return this.int(1, n) === 1
  }

  pick<T>(list: readonly T[]): T {
    const found = list[this.int(0, list.length - 1)]
    if (found === undefined) throw new Error('There is nothing to pick from.')
    return found
  }

  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, rank: this.#next() }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ item }) => item)
  }

  uuid(): string {
    const hex = Array.from({ length: 32 }, () => this.int(0, 15).toString(16)).join('')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
  }
}
