import { BrokerError } from '../errors.ts';

interface PendingRead {
  readonly token: number;
  readonly term: number;
  readonly resolve: (index: number) => void;
  readonly reject: (error: BrokerError) => void;
  /** Known once a majority has confirmed this leader. */
  index: number | undefined;
}

/** Linearizable reads between being asked and being answered. */
export class Reads {
  readonly #pending = new Map<number, PendingRead>();
  #lastToken = 0;

  ask(term: number): { readonly token: number; readonly promise: Promise<number> } {
    const token = ++this.#lastToken;
    const promise = new Promise<number>((resolve, reject) => {
      this.#pending.set(token, { token, term, resolve, reject, index: undefined });
    });
    return { token, promise };
  }

  /** A majority has confirmed the leader: the answer is `index`, once it is applied. */
  safe(token: number, index: number): void {
    const read = this.#pending.get(token);
    if (read !== undefined) read.index = index;
  }

  settle(appliedIndex: number): void {
    for (const read of this.#pending.values()) {
      if (read.index === undefined || read.index > appliedIndex) continue;
      this.#pending.delete(read.token);
      read.resolve(read.index);
    }
  }

  rejectBefore(term: number): void {
    for (const read of this.#pending.values()) if (read.term < term) this.#reject(read);
  }

  reject(): void {
    for (const read of this.#pending.values()) this.#reject(read);
  }

  #reject(read: PendingRead): void {
    this.#pending.delete(read.token);
    read.reject(new BrokerError('not-leader', 'this node stopped leading before it could answer'));
  }
}
