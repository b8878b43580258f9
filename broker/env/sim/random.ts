import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Random } from '../random.ts';

/** Randomness from a seed (xoroshiro128+): same seed, same numbers, on every machine. */
export class SimRandom implements Random {
  readonly #generator: ReturnType<typeof xoroshiro128plus>;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed | 0);
    for (let turn = 0; turn < 4; turn++) this.#generator.next();
  }

  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  unit(): number {
    return (this.#generator.next() >>> 0) / 0x1_0000_0000;
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + this.unit() * (to - from);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError('nothing to pick from');
    return item;
  }

  /** An independent stream, so that one part's draws do not move another's. */
  fork(): SimRandom {
    return new SimRandom(this.#generator.next());
  }
}
