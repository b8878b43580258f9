import type { InvokeEvent, WorkerSecondEvent } from '../history/events.ts';
import type { RunRecord } from '../record/record.ts';
import { WindowHistogram } from './window-histogram.ts';

/** A second is named by its end; its middle tells which one it is. */
const halfSecond = 0.5e9;

/**
 * Was the generator itself too slow? Saturated = in more than 1 % of the worker-seconds in which the
 * in-flight window stayed open, less than 99 % of what was due was offered; or the lag of those
 * seconds has a p99 above max(5 ms, 10 % of the response time's p99). While the window is shut the
 * broker is what holds messages back, and lag is the broker's. Only seconds of measured phases count.
 */
export class Saturation {
  readonly #originNanos: number;
  readonly #isMeasured: (nanos: number) => boolean;
  readonly #lag = new WindowHistogram();
  readonly #loopDelay = new WindowHistogram();
  #openSeconds = 0;
  #shortSeconds = 0;
  #seconds = 0;
  #gcMicros = 0;
  #cpuFractionMax = 0;

  constructor(originNanos: number, isMeasured: (nanos: number) => boolean) {
    this.#originNanos = originNanos;
    this.#isMeasured = isMeasured;
  }

  /** The bookkeeping of one worker's file; its seconds come after the invokes they speak of. */
  worker(): WorkerSeconds {
    return new WorkerSeconds(this.#originNanos, (event, lag) => this.#second(event, lag));
  }

  /** What was exceeded, with its bound, as a sentence; undefined when it was not saturated. */
  doubt(responseP99Nanos: number | null): string | undefined {
    const { shortSecondsFraction, scheduleLagP99Micros } = this.summary(responseP99Nanos);
    const [short, lag] = [this.#isShort(), this.#lags(responseP99Nanos)];
    const exceeded: string[] = [];
    if (short) {
      const percent = (100 * shortSecondsFraction).toFixed(1);
      exceeded.push(
        `short of its target in ${percent} % of the seconds with an open window (at most 1 %)`,
      );
    }
    if (lag) {
      const lagMs = ((scheduleLagP99Micros ?? 0) / 1000).toFixed(1);
      const boundMs = (lagMax(responseP99Nanos) / 1e6).toFixed(1);
      exceeded.push(`own schedule lag p99 ${lagMs} ms (at most ${boundMs} ms)`);
    }
    return exceeded.length === 0
      ? undefined
      : `the load generator was saturated: ${exceeded.join(', ')}`;
  }

  summary(responseP99Nanos: number | null): RunRecord['saturation'] {
    return {
      saturated: this.#isShort() || this.#lags(responseP99Nanos),
      shortSecondsFraction: this.#shortFraction(),
      scheduleLagP99Micros: micros(this.#lag.quantile(0.99)),
      // Each sample is a p99 of one second already: with few seconds, the worst of them.
      eventLoopDelayP99Micros: micros(this.#loopDelay.quantile(0.99) ?? this.#loopDelay.maxNanos),
      gcFraction: this.#seconds === 0 ? 0 : this.#gcMicros / 1e6 / this.#seconds,
      cpuFractionMax: this.#cpuFractionMax,
    };
  }

  #shortFraction(): number {
    return this.#openSeconds === 0 ? 0 : this.#shortSeconds / this.#openSeconds;
  }

  #isShort(): boolean {
    return this.#shortFraction() > 0.01;
  }

  #lags(responseP99Nanos: number | null): boolean {
    const lagP99 = this.#lag.quantile(0.99);
    return lagP99 !== null && lagP99 > lagMax(responseP99Nanos);
  }

  #second(event: WorkerSecondEvent, lag: WindowHistogram | undefined): void {
    if (!this.#isMeasured(event.time - halfSecond)) return;
    this.#seconds++;
    this.#gcMicros += event.gcMicros;
    this.#cpuFractionMax = Math.max(this.#cpuFractionMax, event.cpuFraction);
    this.#loopDelay.record(event.eventLoopDelayMicrosP99 * 1000);
    if (event.windowClosed) return;
    if (event.due > 0) {
      this.#openSeconds++;
      if (event.offered < 0.99 * event.due) this.#shortSeconds++;
    }
    if (lag !== undefined) this.#lag.add(lag);
  }
}

/**
 * Holds the lags of a worker's seconds until it has said whether the window was open in them. A
 * message that was offered in a later second than it was due in counts by the second it was due in,
 * and is left out when that was reported already and shut.
 */
export class WorkerSeconds {
  readonly #originNanos: number;
  readonly #report: (event: WorkerSecondEvent, lag: WindowHistogram | undefined) => void;
  readonly #pending = new Map<number, WindowHistogram>();
  #reported = -Infinity;
  #reportedClosed = false;

  constructor(
    originNanos: number,
    report: (event: WorkerSecondEvent, lag: WindowHistogram | undefined) => void,
  ) {
    this.#originNanos = originNanos;
    this.#report = report;
  }

  invoke(event: InvokeEvent): void {
    const due = this.#secondOf(event.intended);
    // A second that was reported shut: the message waited for the broker.
    if (due <= this.#reported && this.#reportedClosed) return;
    const second = Math.max(due, this.#reported + 1);
    let lag = this.#pending.get(second);
    if (lag === undefined) this.#pending.set(second, (lag = new WindowHistogram()));
    lag.record(event.time - event.intended);
  }

  second(event: WorkerSecondEvent): void {
    const second = this.#secondOf(event.time - halfSecond);
    this.#report(event, this.#pending.get(second));
    for (const past of this.#pending.keys()) if (past <= second) this.#pending.delete(past);
    this.#reported = Math.max(second, this.#reported);
    this.#reportedClosed = event.windowClosed;
  }

  #secondOf(nanos: number): number {
    return Math.floor((nanos - this.#originNanos) / 1e9);
  }
}

function lagMax(responseP99Nanos: number | null): number {
  return Math.max(5e6, 0.1 * (responseP99Nanos ?? 0));
}

function micros(nanos: number | null): number | null {
  return nanos === null ? null : Math.round(nanos / 100) / 10;
}
