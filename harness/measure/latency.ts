import { strict as assert } from 'node:assert';
import hdr from 'hdr-histogram-js';
import type { Histogram } from 'hdr-histogram-js';

import type { Latency } from '../record/record.ts';
import { samplesNeeded } from './quantiles.ts';

const nanosPerUnit = 100;
const unitsPerMicro = 10;
const bits = 64;
let ready = false;

/**
 * Latencies from 100 ns upwards in three significant digits (HdrHistogram). Nothing is clipped: the
 * range grows with the longest sample. A negative sample (clocks disagree) is counted and not
 * recorded. Merging is exact. Lives in WebAssembly memory: call `destroy` on those made in numbers.
 */
export class LatencyHistogram {
  readonly #histogram: Histogram;
  #negative = 0;
  #sum = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(histogram: Histogram = build()) {
    this.#histogram = histogram;
  }

  static decode(text: string): LatencyHistogram {
    initialise();
    const histogram = hdr.decodeFromCompressedBase64(text, bits, true);
    const decoded = new LatencyHistogram(histogram);
    if (histogram.totalCount === 0) return decoded;
    decoded.#min = histogram.getValueAtPercentile(0) * nanosPerUnit;
    decoded.#max = histogram.maxValue * nanosPerUnit;
    decoded.#sum = histogram.mean * histogram.totalCount * nanosPerUnit;
    return decoded;
  }

  get count(): number {
    return this.#histogram.totalCount;
  }

  record(nanos: number): void {
    if (!(nanos >= 0)) {
      assert(!Number.isNaN(nanos), 'a latency is a number');
      this.#negative++;
      return;
    }
    this.#histogram.recordValue(Math.round(nanos / nanosPerUnit));
    this.#sum += nanos;
    if (nanos < this.#min) this.#min = nanos;
    if (nanos > this.#max) this.#max = nanos;
  }

  add(other: LatencyHistogram): void {
    if (other.count > 0) this.#histogram.add(other.#histogram as never);
    this.#negative += other.#negative;
    this.#sum += other.#sum;
    this.#min = Math.min(this.#min, other.#min);
    this.#max = Math.max(this.#max, other.#max);
  }

  /** Nanoseconds; null without enough samples to support it. */
  quantile(quantile: number): number | null {
    if (this.count < samplesNeeded(quantile)) return null;
    const nanos = this.#histogram.getValueAtPercentile(quantile * 100) * nanosPerUnit;
    // The histogram answers with the upper end of a bucket, which no sample needs to have reached.
    return Math.max(Math.min(nanos, this.#max), this.#min);
  }

  summary(): Latency {
    const empty = this.count === 0;
    const quantile = (at: number) => micros(this.quantile(at));
    return {
      count: this.count,
      min: micros(empty ? null : this.#min),
      mean: micros(empty ? null : this.#sum / this.count),
      p50: quantile(0.5),
      p90: quantile(0.9),
      p99: quantile(0.99),
      p999: quantile(0.999),
      max: micros(empty ? null : this.#max),
      negative: this.#negative,
      histogram: hdr.encodeIntoCompressedBase64(this.#histogram),
    };
  }

  destroy(): void {
    hdr.WasmHistogram.prototype.destroy.call(this.#histogram);
  }
}

/** Microseconds with one digit: the resolution of the histogram. */
function micros(nanos: number | null): number | null {
  return nanos === null ? null : Math.round(nanos / nanosPerUnit) / unitsPerMicro;
}

function build(): Histogram {
  initialise();
  return hdr.build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: 2 ** 20,
    numberOfSignificantValueDigits: 3,
    bitBucketSize: bits,
    useWebAssembly: true,
    autoResize: true,
  } as Parameters<typeof hdr.build>[0]);
}

function initialise(): void {
  if (ready) return;
  hdr.initWebAssemblySync();
  ready = true;
}
