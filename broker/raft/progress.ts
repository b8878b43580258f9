import type { NodeId } from './types.ts';

/**
 * What a leader knows of one follower (thesis, section 10.2, in etcd's words).
 * - `probe`: where the logs meet is not known yet; one append at a time.
 * - `replicate`: appends are pipelined, `next` runs ahead of `match`, bounded by the window.
 * - `snapshot`: the follower needs what is no longer in the log.
 */
export class Progress {
  readonly id: NodeId;
  state: 'probe' | 'replicate' | 'snapshot' = 'probe';
  /** Highest index known to be on the follower and persisted there. */
  match = 0;
  /** First index to send next; always above `match`. */
  next: number;
  /** Which life of the follower `match` speaks of; -1 before its first answer. */
  incarnation = -1;
  /** Highest heartbeat round it echoed. */
  round = 0;
  /** Since its last answer in this term. */
  silentMs = 0;
  /** Highest commit index it was told. */
  toldCommit = 0;
  /** It must hear from us in the next Ready. */
  beatDue = true;
  /** `probe`: an append is on its way, and up to where. */
  probing = false;
  probedTo = 0;
  /** First index of a load from disk under way. */
  loading: number | undefined;
  /** `snapshot`: its index, once it was sent; and the time since. */
  snapshotIndex: number | undefined;
  snapshotAgeMs = 0;
  readonly window: Window;

  constructor(id: NodeId, next: number, window: Window) {
    this.id = id;
    this.next = next;
    this.window = window;
  }

  toProbe(next: number): void {
    this.state = 'probe';
    this.next = Math.max(next, this.match + 1);
    this.probing = false;
    this.probedTo = 0;
    this.#forgetTransfers();
  }

  toReplicate(): void {
    this.state = 'replicate';
    this.next = Math.max(this.next, this.probedTo + 1, this.match + 1);
    this.probing = false;
    this.#forgetTransfers();
  }

  toSnapshot(): void {
    this.state = 'snapshot';
    this.#forgetTransfers();
  }

  /** The follower restarted: its log may be shorter now, so nothing is known of it. */
  reborn(incarnation: number): void {
    if (this.incarnation >= 0) {
      this.match = 0;
      this.window.clear();
      this.probing = false;
    }
    this.incarnation = incarnation;
  }

  #forgetTransfers(): void {
    this.window.clear();
    this.loading = undefined;
    this.snapshotIndex = undefined;
    this.snapshotAgeMs = 0;
  }
}

/** Appends on their way to one follower, bounded in messages and bytes. */
export class Window {
  readonly #messagesMax: number;
  readonly #bytesMax: number;
  readonly #lastIndexes: number[] = [];
  readonly #sizes: number[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limits: { readonly messagesMax: number; readonly bytesMax: number }) {
    this.#messagesMax = limits.messagesMax;
    this.#bytesMax = limits.bytesMax;
  }

  get open(): boolean {
    return this.messages < this.#messagesMax && this.#bytes < this.#bytesMax;
  }

  get messages(): number {
    return this.#sizes.length - this.#head;
  }

  add(lastIndex: number, bytes: number): void {
    this.#lastIndexes.push(lastIndex);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** Everything up to `index` has arrived. */
  acknowledge(index: number): void {
    while (this.#head < this.#sizes.length && this.#lastIndexes[this.#head]! <= index) {
      this.#bytes -= this.#sizes[this.#head++]!;
    }
    if (this.#head > 64 && this.#head * 2 > this.#sizes.length) {
      this.#lastIndexes.splice(0, this.#head);
      this.#sizes.splice(0, this.#head);
      this.#head = 0;
    }
  }

  clear(): void {
    this.#lastIndexes.length = 0;
    this.#sizes.length = 0;
    this.#head = 0;
    this.#bytes = 0;
  }
}
