import type { WorkerSecondEvent } from '../history/events.ts';
import { followedBy, type Arrivals } from './arrival.ts';
import type { MeterSample } from './meter.ts';

/** A generator that comes this late to what is due has been held up, and not only woken late. */
const ownLateNanosMin = 5e6;

/** A second is reported this long after its end, so that its last messages can still be offered. */
export const secondGraceNanos = 50e6;

/**
 * A producer's account of its seconds, counted from the start of the load: what was due in each
 * (from the schedule itself, not from what was sent), how much of that was offered by the time of
 * the report, and whether the in-flight window was shut in it.
 */
export class SecondsLedger {
  readonly #worker: string;
  readonly #originNanos: number;
  #schedule: Arrivals;
  /** Due time, in nanoseconds of the load, of the next message that no report has counted. */
  #nextDue: number;
  #dueUntil = Infinity;
  #second: number;
  /** Offered messages by the second they were due in; those after `#open` are not reported yet. */
  readonly #offered = new Map<number, number>();
  #offering: number;
  #offeringEnd: number;
  #offeredInIt = 0;
  /** Seconds in which the window was shut, and since when it is now. */
  readonly #closed = new Set<number>();
  #closedSince: number | undefined;
  #openSince = -Infinity;
  /** Until then a full window is the generator's own doing: it catches up on what it came late to. */
  #catchingUpUntil = -Infinity;

  /** `schedule`: the producer's arrivals, from the first one at or after `fromNanos` on. */
  constructor(options: {
    readonly worker: string;
    readonly originNanos: number;
    readonly schedule: Arrivals;
    readonly firstDue: number;
    readonly fromNanos: number;
  }) {
    this.#worker = options.worker;
    this.#originNanos = options.originNanos;
    this.#schedule = options.schedule;
    this.#nextDue = options.firstDue;
    this.#second = Math.max(0, Math.floor((options.fromNanos - options.originNanos) / 1e9));
    this.#offering = this.#second;
    this.#offeringEnd = (this.#second + 1) * 1e9;
  }

  /** Monotonic nanoseconds at which the next report is due. */
  get reportAt(): number {
    return this.#originNanos + (this.#second + 1) * 1e9 + secondGraceNanos;
  }

  /** After the planned schedule this one is counted as well. */
  goOn(schedule: Arrivals): void {
    this.#schedule = followedBy(this.#schedule, schedule);
    if (this.#nextDue === Infinity) this.#nextDue = this.#schedule.next();
  }

  /** Nothing is due any more from `now` on (monotonic). */
  end(now: number): void {
    this.#dueUntil = Math.min(this.#dueUntil, now);
  }

  /** A message that was due at this nanosecond of the load is offered. Due times never fall. */
  offered(due: number): void {
    if (due >= this.#offeringEnd) {
      this.#keepOffered();
      this.#offering = Math.floor(due / 1e9);
      this.#offeringEnd = (this.#offering + 1) * 1e9;
    }
    this.#offeredInIt++;
  }

  /** The window is full: shut from `nanos` on, which may lie ahead, when a message finds it so. */
  windowClosed(nanos: number): void {
    this.#closedSince ??= Math.max(nanos, this.#catchingUpUntil);
  }

  windowOpen(now: number): void {
    if (this.#closedSince === undefined) return;
    this.#markClosed(now);
    this.#closedSince = undefined;
    this.#openSince = now;
  }

  /**
   * With room in the window, the generator gets to what was due at `dueAt` (both monotonic). What
   * is late by its own fault may fill the window; for as long as it was late, that is its fault too.
   */
  gotTo(dueAt: number, now: number): void {
    const late = now - Math.max(dueAt, this.#openSince);
    if (late >= ownLateNanosMin)
      this.#catchingUpUntil = Math.max(this.#catchingUpUntil, now + late);
  }

  /** The seconds that ended a grace time ago. A stall of this process yields several at once. */
  report(now: number, sample: () => MeterSample): WorkerSecondEvent[] {
    const events: WorkerSecondEvent[] = [];
    if (now < this.reportAt) return events;
    this.#markClosed(now);
    this.#keepOffered();
    let meter = sample();
    while (now >= this.reportAt) {
      events.push(this.#event(this.#countDue(now), meter));
      meter = { ...meter, gcMicros: 0 };
      this.#offered.delete(this.#second);
      this.#closed.delete(this.#second);
      this.#second++;
    }
    return events;
  }

  /** The last reports, at the end of the load: of its last second, what was due by now. */
  finish(now: number, sample: () => MeterSample): WorkerSecondEvent[] {
    const events = this.report(now, sample);
    this.#markClosed(now);
    this.#keepOffered();
    const due = this.#countDue(now);
    if (due > 0) events.push(this.#event(due, sample()));
    return events;
  }

  #event(due: number, meter: MeterSample): WorkerSecondEvent {
    return {
      type: 'second',
      worker: this.#worker,
      time: this.#originNanos + (this.#second + 1) * 1e9,
      due,
      offered: this.#offered.get(this.#second) ?? 0,
      windowClosed: this.#closed.has(this.#second),
      ...meter,
    };
  }

  /** What was due in the current second and by now. */
  #countDue(now: number): number {
    const end = (this.#second + 1) * 1e9;
    const until = Math.min(now, this.#dueUntil);
    let due = 0;
    while (this.#nextDue < end && this.#originNanos + this.#nextDue <= until) {
      due++;
      this.#nextDue = this.#schedule.next();
    }
    return due;
  }

  #keepOffered(): void {
    if (this.#offering >= this.#second && this.#offeredInIt > 0) {
      this.#offered.set(
        this.#offering,
        (this.#offered.get(this.#offering) ?? 0) + this.#offeredInIt,
      );
    }
    this.#offeredInIt = 0;
  }

  #markClosed(now: number): void {
    if (this.#closedSince === undefined || this.#closedSince > now) return;
    const from = Math.max(this.#second, this.#secondOf(this.#closedSince));
    for (let second = from; second <= this.#secondOf(now); second++) this.#closed.add(second);
  }

  #secondOf(nanos: number): number {
    return Math.floor((nanos - this.#originNanos) / 1e9);
  }
}
