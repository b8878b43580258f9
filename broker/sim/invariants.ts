import type { Entry, Message } from '../raft/types.ts';

/** What must hold of a replica whenever it moves. */
export interface Observed {
  readonly id: number;
  readonly role: string;
  readonly term: number;
  readonly commitIndex: number;
  readonly firstIndex: number;
  termAt(index: number): number | undefined;
}

/**
 * The safety properties of figure 3 of the Raft paper, checked as a run goes along.
 *
 * - Election safety: a term has one leader.
 * - Log matching: an entry (index, term) is the same wherever it is, and so is the one before it;
 *   by induction, so is the whole log up to it.
 * - Leader completeness: who leads has every committed entry.
 * - State machine safety: two replicas that applied (index, term) are in the same state.
 *
 * A replica that forgets what it has acknowledged breaks the third, and only the third, and only
 * after a power cut: `forgetful` says that one has happened to a group that may.
 */
export class Invariants {
  forgetful = false;
  #violation: string | undefined;
  readonly #leaders = new Map<number, number>();
  /** `term:index` -> what is there and what comes before it. */
  readonly #entries = new Map<string, { readonly prevTerm: number; readonly crc: number }>();
  readonly #digests = new Map<string, number>();
  /** Of each index that anyone has called committed: its term, and in which it was called so. */
  #committed: { readonly term: number; readonly inTerm: number }[] = [{ term: 0, inTerm: 0 }];

  get violation(): string | undefined {
    return this.#violation;
  }

  fail(violation: string): void {
    this.#violation ??= violation;
  }

  sent(message: Message): void {
    if (message.type !== 'append') return;
    let prevTerm = message.prevTerm;
    for (const entry of message.entries) {
      this.#sameEverywhere(entry, prevTerm);
      prevTerm = entry.term;
    }
  }

  applied(
    node: { readonly id: number; readonly term: number },
    entry: Entry,
    digest: number,
  ): void {
    const key = `${entry.term}:${entry.index}`;
    const known = this.#digests.get(key);
    if (known === undefined) this.#digests.set(key, digest);
    else if (known !== digest) {
      const place = `index ${entry.index} of term ${entry.term}`;
      this.fail(`state machines differ: node ${node.id} at ${place}`);
    }
    const before = this.#committed[entry.index];
    if (before !== undefined && before.term !== entry.term) {
      if (!this.forgetful) {
        this.fail(
          `committed entries changed: index ${entry.index} was of term ${before.term}, ` +
            `node ${node.id} applies one of term ${entry.term}`,
        );
      }
      this.#committed.length = entry.index;
    }
    if (entry.index === this.#committed.length) {
      this.#committed.push({ term: entry.term, inTerm: node.term });
    }
  }

  moved(node: Observed): void {
    if (node.role !== 'leader') return;
    const known = this.#leaders.get(node.term);
    if (known === node.id) return;
    if (known !== undefined) {
      this.fail(`election safety: nodes ${known} and ${node.id} both lead term ${node.term}`);
    }
    this.#leaders.set(node.term, node.id);
    this.#completeLeader(node);
  }

  #completeLeader(node: Observed): void {
    if (this.forgetful) return;
    const index = this.#committed.length - 1;
    const { term, inTerm } = this.#committed[index]!;
    // A leader of an earlier term owes nothing to a later one.
    if (index < node.firstIndex - 1 || inTerm >= node.term) return;
    if (node.termAt(index) === term) return;
    this.fail(
      `leader completeness: node ${node.id} leads term ${node.term} without the committed entry ` +
        `${index} of term ${term}`,
    );
  }

  #sameEverywhere(entry: Entry, prevTerm: number): void {
    const key = `${entry.term}:${entry.index}`;
    const crc = entry.bytes.readUInt32LE(32);
    const known = this.#entries.get(key);
    if (known === undefined) this.#entries.set(key, { prevTerm, crc });
    else if (known.crc !== crc || known.prevTerm !== prevTerm) {
      this.fail(`log matching: two entries at index ${entry.index} of term ${entry.term}`);
    }
  }
}
