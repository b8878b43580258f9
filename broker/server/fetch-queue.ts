import type { BrokerErrorCode } from '../errors.ts';
import { serveFetch } from './fetch.ts';
import type { FetchSource, PendingFetch } from './fetch.ts';

/** Fetches that wait for records. One list per partition; the node's tick ends their waiting. */
export class FetchQueue {
  #waiting: PendingFetch[] = [];
  #seenHighWatermark = -1;

  get length(): number {
    return this.#waiting.length;
  }

  wait(fetch: PendingFetch): void {
    this.#waiting.push(fetch);
  }

  /** Called when the partition may have moved: serves all waiters, who may wait again. */
  wake(partition: FetchSource): void {
    const highWatermark = partition.highWatermark;
    if (highWatermark === this.#seenHighWatermark) return;
    this.#seenHighWatermark = highWatermark;
    this.#serveAll(partition);
  }

  /**
   * Answers those whose time is over with what there is, retries those held for room, and lets go
   * of those whose reader has gone.
   */
  expire(partition: FetchSource, nowMs: number): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fetch of waiting) {
      const due = fetch.deadlineMs <= nowMs || fetch.heldForRoom || fetch.receiver.closed;
      if (due) serveFetch(partition, fetch, nowMs);
      else this.#waiting.push(fetch);
    }
  }

  /** Readers of the leader go and look for the new one; readers of this copy stay. */
  leadershipLost(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fetch of waiting) {
      if (fetch.request.replica) this.#waiting.push(fetch);
      else fetch.fail('not-leader', 'this node no longer leads the partition', 1);
    }
  }

  fail(code: BrokerErrorCode, message: string): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fetch of waiting) fetch.fail(code, message);
  }

  #serveAll(partition: FetchSource): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const fetch of waiting) serveFetch(partition, fetch, undefined);
  }
}
