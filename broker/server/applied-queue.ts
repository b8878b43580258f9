import { AckQueue } from './ack-queue.ts';

interface AppliedWaiter {
  readonly index: number;
  readonly term: number;
  readonly done: (applied: boolean) => void;
}

/** Commands that were proposed here and are answered once their entry has been applied. */
export class AppliedQueue {
  readonly #waiters = new AckQueue<AppliedWaiter>();

  get length(): number {
    return this.#waiters.length;
  }

  /** `done(false)`: leadership was lost first, so the outcome is unknown. */
  wait(index: number, term: number, done: (applied: boolean) => void): void {
    this.#waiters.push({ index, term, done });
  }

  applied(index: number): void {
    let waiter = this.#waiters.takeUpTo(index);
    while (waiter !== undefined) {
      waiter.done(true);
      waiter = this.#waiters.takeUpTo(index);
    }
  }

  /** Leadership is gone: what was applied as it was proposed still counts. */
  lost(appliedIndex: number, termAt: (index: number) => number | undefined): void {
    let waiter = this.#waiters.take();
    while (waiter !== undefined) {
      waiter.done(waiter.index <= appliedIndex && termAt(waiter.index) === waiter.term);
      waiter = this.#waiters.take();
    }
  }
}
