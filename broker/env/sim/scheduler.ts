import { assert } from '../../assert.ts';
import type { Timer } from '../clock.ts';

/** Virtual time, as the simulated parts need it. */
export interface Scheduler {
  /** Milliseconds with a fraction since the world began. */
  nowMs(): number;
  /** Calls `fire` once at `nowMs() + delayMs`; equal times fire in the order they were asked. */
  schedule(delayMs: number, fire: () => void): Timer;
}

interface Event extends Timer {
  readonly atMs: number;
  readonly order: number;
  fire: (() => void) | undefined;
}

/**
 * The event loop of a simulated world: one event at a time, in the order of virtual time, and
 * every promise that an event settles has run its course before the next. Same events, same
 * order, so a run depends on nothing but its seed.
 */
export class SimScheduler implements Scheduler {
  /** Binary heap by (atMs, order). */
  readonly #heap: Event[] = [];
  #deferred: (() => void)[] = [];
  #nowMs = 0;
  #order = 0;
  #turns = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  /** Events fired so far. */
  get turns(): number {
    return this.#turns;
  }

  schedule(delayMs: number, fire: () => void): Timer {
    assert(delayMs >= 0, 'an event cannot lie in the past');
    const event: Event = {
      atMs: this.#nowMs + delayMs,
      order: this.#order++,
      fire,
      cancel() {
        event.fire = undefined;
      },
    };
    this.#push(event);
    return event;
  }

  /** Calls `fire` after the current event and its promises, before virtual time moves. */
  defer(fire: () => void): void {
    this.#deferred.push(fire);
  }

  /**
   * Fires events until virtual time reaches `untilMs`, nothing is left, or `stop` says so (asked
   * between events). What an event throws rejects the run.
   */
  async run(options: { readonly untilMs: number; readonly stop?: () => boolean }): Promise<void> {
    for (;;) {
      await microtasksDrained();
      if (options.stop?.()) return;
      const fire = this.#take(options.untilMs);
      if (fire === undefined) break;
      this.#turns++;
      fire();
    }
    if (options.untilMs < Infinity) this.#nowMs = Math.max(this.#nowMs, options.untilMs);
  }

  #take(untilMs: number): (() => void) | undefined {
    if (this.#deferred.length > 0) {
      const all = this.#deferred;
      this.#deferred = [];
      return () => {
        for (const fire of all) fire();
      };
    }
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.atMs > untilMs) return undefined;
      this.#pop();
      const fire = first.fire;
      if (fire === undefined) continue;
      first.fire = undefined;
      this.#nowMs = first.atMs;
      return fire;
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    const size = heap.length;
    if (size === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Node runs the tick queue only once no microtask is left, whatever those queued themselves. */
function microtasksDrained(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}
