import { samplesNeeded } from './quantiles.ts';

const nanosPerUnit = 100;
const exponentMax = 46;
const size = (exponentMax - 4) * 32 + 32;

/**
 * A small histogram for one window of a series: 32 buckets per power of two, so that a quantile is
 * within 1.6 %, in five kilobytes. The count and the largest sample are exact, and merging is.
 */
export class WindowHistogram {
  readonly #counts = new Uint32Array(size);
  #total = 0;
  #max = 0;

  get count(): number {
    return this.#total;
  }

  get maxNanos(): number | null {
    return this.#total === 0 ? null : this.#max;
  }

  /** Negative samples are left to the histogram of the whole run to count. */
  record(nanos: number): void {
    if (nanos < 0) return;
    this.#counts[bucketOf(nanos / nanosPerUnit)]!++;
    this.#total++;
    if (nanos > this.#max) this.#max = nanos;
  }

  add(other: WindowHistogram): void {
    for (let bucket = 0; bucket < size; bucket++) this.#counts[bucket]! += other.#counts[bucket]!;
    this.#total += other.#total;
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Nanoseconds; null without enough samples to support it. */
  quantile(quantile: number): number | null {
    if (this.#total < samplesNeeded(quantile)) return null;
    const rank = Math.max(1, Math.ceil(quantile * this.#total));
    let seen = 0;
    for (let bucket = 0; bucket < size; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(middleOf(bucket) * nanosPerUnit, this.#max);
    }
    return this.#max;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#max = 0;
  }
}

function bucketOf(units: number): number {
  let shift = 0;
  let rest = units;
  while (rest >= 0x4000_0000) {
    rest /= 65_536;
    shift += 16;
  }
  const whole = rest | 0;
  const exponent = 31 - Math.clz32(whole);
  if (exponent + shift <= 5) return whole;
  const bucket =
    (exponent + shift - 5) * 32 +
    (exponent >= 5 ? whole >>> (exponent - 5) : whole << (5 - exponent));
  return bucket < size ? bucket : size - 1;
}

function middleOf(bucket: number): number {
  if (bucket < 64) return bucket;
  const exponent = Math.floor(bucket / 32) + 4;
  const width = 2 ** (exponent - 5);
  return ((bucket % 32) + 32) * width + width / 2;
}
