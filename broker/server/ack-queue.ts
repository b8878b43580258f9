import { assert } from '../assert.ts';

interface Waiter {
  readonly index: number;
}

const compactAt = 1024;

/**
 * Waiters in index order, answered from the front. Appends arrive in order, so `push` is O(1)
 * there; a duplicate that waits for its first copy finds its place from the back.
 */
export class AckQueue<W extends Waiter> {
  #items: W[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(waiter: W): void {
    const items = this.#items;
    let at = items.length;
    while (at > this.#head && items[at - 1]!.index > waiter.index) at--;
    if (at === items.length) items.push(waiter);
    else items.splice(at, 0, waiter);
  }

  /** Takes the first waiter if its index is at most `index`. */
  takeUpTo(index: number): W | undefined {
    const first = this.#items[this.#head];
    if (first === undefined || first.index > index) return undefined;
    return this.#take(first);
  }

  take(): W | undefined {
    const first = this.#items[this.#head];
    return first === undefined ? undefined : this.#take(first);
  }

  #take(first: W): W {
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items.length = 0;
      this.#head = 0;
    } else if (this.#head >= compactAt && this.#head * 2 >= this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    assert(this.#head <= this.#items.length, 'nobody is taken twice');
    return first;
  }
}
