import { HarnessError } from '../errors.ts';
import type { CarriedTo } from '../load/control.ts';
import { clockDomain } from '../measure/clock.ts';
import {
  measureOffset,
  type CarriedClock,
  type ClockOffset,
  type ClockReading,
} from '../measure/clock-offset.ts';

/** The harness's end of the connection to a worker, as far as clocks go. */
export interface ClockSource {
  readonly clockDomain: string;
  readClock(): Promise<ClockReading>;
}

const closely = { readingsMin: 10, readingsMax: 100, errorNanosGood: 0.5e6 };
const inPassing = { readingsMin: 3, readingsMax: 3, errorNanosGood: 0 };

interface Other {
  readonly domain: string;
  readonly offset: ClockOffset;
}

/**
 * The clock of the workers of a run, where their kernel is another than the harness's. The first of
 * them that can be measured decides on one offset for all, and for the whole run: whatever it is off
 * by, times of two workers are off by the same and compare exactly. Looked at again, it shows how
 * far the two clocks have moved apart.
 */
export class WorkersClock {
  readonly #own: string;
  /** Those of another clock, the latest last. */
  readonly #sources: ClockSource[] = [];
  #measuring: Promise<unknown> = Promise.resolve();
  #other: Other | undefined;
  /** How far it has moved from the offset, as far as is certain. */
  #movedNanos = 0;
  #last: ClockOffset | undefined;

  constructor(own = clockDomain()) {
    this.#own = own;
  }

  /**
   * What a worker is to be told of the harness's clock; undefined where it has the same. Rejects with
   * a HarnessError `environment` when its clock cannot be measured.
   */
  async carriedTo(worker: string, source: ClockSource): Promise<CarriedTo | undefined> {
    if (source.clockDomain === this.#own) return undefined;
    // One after the other: those that come while the first is measured take what it found.
    const other = this.#measuring.then(() => this.#other ?? this.#measure(worker, source));
    this.#measuring = other.catch(() => undefined);
    const { domain, offset } = await other;
    if (domain !== source.clockDomain) {
      const sentence = `${worker} has another clock than the other workers, whose times are not comparable with its own`;
      throw new HarnessError('environment', `${sentence}: use one Docker Engine that stays up`);
    }
    this.#sources.push(source);
    return { domain: this.#own, offsetNanos: offset.nanos };
  }

  /** In passing, while the load goes on: nobody's fault if there is no answer. */
  async look(): Promise<void> {
    await this.#again(inPassing);
  }

  /** Closely, while there are workers left. */
  async lookLast(): Promise<void> {
    this.#last = await this.#again(closely);
  }

  /** What the record is to say of it; undefined where there is no other clock. */
  get carried(): CarriedClock | undefined {
    if (this.#other === undefined) return undefined;
    const { domain, offset } = this.#other;
    const told = { domain, offsetNanos: offset.nanos, errorMs: offset.errorNanos / 1e6 };
    if (this.#last === undefined) return { ...told, driftMs: null, boundMs: null };
    const driftNanos = Math.max(Math.abs(this.#last.nanos - offset.nanos), this.#movedNanos);
    const boundNanos = Math.max(offset.errorNanos, driftNanos + this.#last.errorNanos);
    return { ...told, driftMs: driftNanos / 1e6, boundMs: boundNanos / 1e6 };
  }

  async #measure(worker: string, source: ClockSource): Promise<Other> {
    const refused = (why: string, cause?: unknown): HarnessError =>
      new HarnessError(
        'environment',
        `${worker} runs on another kernel than the harness, and its clock cannot be measured: ${why}; use --cluster process, or a Docker Engine of this machine`,
        { cause },
      );
    let offset: ClockOffset | undefined;
    try {
      offset = await measureOffset(() => source.readClock(), closely);
    } catch (error) {
      throw refused((error as Error).message, error);
    }
    if (offset === undefined) throw refused('it does not run evenly');
    return (this.#other = { domain: source.clockDomain, offset });
  }

  /** Of whichever worker answers. */
  async #again(how: typeof closely): Promise<ClockOffset | undefined> {
    if (this.#other === undefined) return undefined;
    for (const source of this.#sources.toReversed()) {
      const found = await measureOffset(() => source.readClock(), how).catch(() => null);
      if (found === null) continue;
      // A clock that was set while it was read.
      if (found === undefined) return undefined;
      const { nanos, errorNanos } = found;
      const moved = Math.abs(nanos - this.#other.offset.nanos) - errorNanos;
      this.#movedNanos = Math.max(this.#movedNanos, moved);
      return found;
    }
    return undefined;
  }
}
