import { assert } from '../assert.ts';
import type { LogView } from './log-view.ts';
import type { Entry, Message, NodeId, Snapshot, SnapshotMark } from './types.ts';

export type Append = Extract<Message, { type: 'append' }>;
type AppendResponse = Extract<Message, { type: 'append-response' }>;

/** How far this node's own log is committed and persisted; each role moves both. */
export interface Marks {
  commitIndex: number;
  persistedIndex: number;
}

/**
 * How a node takes the log of a leader: where it agrees, what it cuts and appends, and what it
 * answers. Answers are gathered, at most one per Ready: the highest index that matches and is
 * persisted, and the latest heartbeat round. Begins anew with each leader and term.
 */
export class Following {
  readonly #id: NodeId;
  readonly #incarnation: number;
  readonly #view: LogView;
  readonly #marks: Marks;
  readonly #mayForget: boolean;
  /** Up to here the log is known to equal that of this term's leader; -1 = nothing known. */
  #matched = -1;
  #round = 0;
  #answered = -1;
  #answerDue = false;
  #snapshot: Snapshot | undefined;

  constructor(options: {
    readonly id: NodeId;
    readonly incarnation: number;
    readonly view: LogView;
    readonly marks: Marks;
    readonly mayForget: boolean;
  }) {
    this.#id = options.id;
    this.#incarnation = options.incarnation;
    this.#view = options.view;
    this.#marks = options.marks;
    this.#mayForget = options.mayForget;
  }

  get waitingSnapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  reset(): void {
    this.#matched = -1;
    this.#round = 0;
    this.#answered = -1;
    this.#answerDue = false;
  }

  /** The answer when the logs do not meet where the leader thinks; else it is due later. */
  append(message: Append): AppendResponse | undefined {
    const view = this.#view;
    const { prevIndex, entries } = message;
    if (message.round > this.#round) {
      this.#round = message.round;
      this.#answerDue = true;
    }
    if (view.termAt(prevIndex) !== message.prevTerm) {
      this.#answerDue = false;
      return this.reject(message, message.term);
    }
    let known = 0;
    if (prevIndex < view.lastIndex) {
      while (entries[known] !== undefined && this.#holds(entries[known]!)) known++;
      const first = entries[known];
      if (first !== undefined && first.index <= view.lastIndex) this.#cutBefore(first.index);
    }
    for (let at = known; at < entries.length; at++) view.append(entries[at]!);
    this.#matched = Math.max(this.#matched, prevIndex + entries.length);
    const repeated = known === entries.length && known > 0;
    if (repeated) this.#answerDue = true;
    this.persisted();
    const committed = Math.min(message.commitIndex, this.#matched);
    this.#marks.commitIndex = Math.max(this.#marks.commitIndex, committed);
    return undefined;
  }

  /** Says where the logs may meet instead: at the last entry here of no later term. */
  reject(
    message: Pick<Append, 'from' | 'prevIndex' | 'prevTerm' | 'round'>,
    term: number,
  ): AppendResponse {
    const view = this.#view;
    const mark = view.firstIndex - 1;
    let hintIndex = Math.max(mark, Math.min(message.prevIndex, view.lastIndex));
    while (hintIndex > mark && view.termAt(hintIndex)! > message.prevTerm) hintIndex--;
    return {
      type: 'append-response',
      from: this.#id,
      to: message.from,
      term,
      incarnation: this.#incarnation,
      round: message.round,
      rejected: true,
      index: message.prevIndex,
      hintIndex,
      hintTerm: view.termAt(hintIndex)!,
    };
  }

  snapshot(snapshot: Snapshot): void {
    const { mark } = snapshot;
    const marks = this.#marks;
    this.#answerDue = true;
    if (mark.index <= this.#matched) return;
    if (this.#view.termAt(mark.index) !== mark.term) {
      // Without forgetting, all that lies below the commit index is the leader's own.
      if (!this.#mayForget && mark.index <= marks.commitIndex) return;
      this.#view.install(mark);
      this.#snapshot = snapshot;
      marks.persistedIndex = Math.min(marks.persistedIndex, mark.index);
      marks.commitIndex = mark.index;
    }
    this.#matched = mark.index;
  }

  installed(mark: SnapshotMark): boolean {
    if (this.#snapshot?.mark !== mark) return false;
    this.#snapshot = undefined;
    this.#view.installed(mark);
    this.#marks.persistedIndex = mark.index;
    this.#answerDue = true;
    return true;
  }

  /** More may be persisted than the leader was told. */
  persisted(): void {
    if (this.vouchedIndex > this.#answered) this.#answerDue = true;
  }

  /** What the leader is to know now, if anything. */
  answer(to: NodeId, term: number): AppendResponse | undefined {
    if (!this.#answerDue) return undefined;
    this.#answerDue = false;
    const index = this.vouchedIndex;
    if (index < 0) return undefined;
    this.#answered = index;
    return {
      type: 'append-response',
      from: this.#id,
      to,
      term,
      incarnation: this.#incarnation,
      round: this.#round,
      rejected: false,
      index,
      hintIndex: 0,
      hintTerm: 0,
    };
  }

  /** Up to here the log is the leader's, and persisted; -1 = nothing known. */
  get vouchedIndex(): number {
    return Math.min(this.#matched, this.#marks.persistedIndex);
  }

  #holds({ index, term }: Entry): boolean {
    return this.#view.termAt(index) === term;
  }

  #cutBefore(index: number): void {
    const kept = index - 1;
    const marks = this.#marks;
    assert(index > this.#matched, 'a leader does not contradict itself');
    if (index <= marks.commitIndex) {
      assert(this.#mayForget, 'what is committed is never cut');
      marks.commitIndex = kept;
    }
    this.#view.truncateAfter(kept);
    marks.persistedIndex = Math.min(marks.persistedIndex, kept);
  }
}
