import type { LoadClock } from './load-clock.ts';

interface Event {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** The simulated twin of the real clock: time passes only from one event to the next. */
export class SimulatedClock implements LoadClock {
  #now: number;
  #order = 0;
  readonly #events: Event[] = [];

  /** When a process that sleeps at times gets to what was due at `nanos`; never falls. */
  readonly #wakesAt: (nanos: number) => number;

  constructor(startNanos = 1e12, wakesAt: (nanos: number) => number = (nanos) => nanos) {
    this.#now = startNanos;
    this.#wakesAt = wakesAt;
  }

  nanos(): number {
    return this.#now;
  }

  wake(atNanos: number, fire: () => void): void {
    this.#add({ at: Math.max(atNanos, this.#now), order: this.#order++, fire });
  }

  alarm(atNanos: number, fire: () => void): void {
    this.wake(atNanos, fire);
  }

  defer(fire: () => void): void {
    this.wake(this.#now, fire);
  }

  /** Runs everything that is due until `untilNanos`, or until nothing is left to do. */
  run(untilNanos = Infinity): void {
    for (
      let event = this.#events[0];
      event !== undefined && event.at <= untilNanos;
      event = this.#events[0]
    ) {
      this.#removeFirst();
      this.#now = Math.max(this.#now, this.#wakesAt(event.at));
      event.fire();
    }
    if (untilNanos < Infinity) this.#now = Math.max(this.#now, untilNanos);
  }

  #add(event: Event): void {
    const heap = this.#events;
    let at = heap.length;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(event, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = event;
  }

  #removeFirst(): void {
    const heap = this.#events;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below++;
      if (!before(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
