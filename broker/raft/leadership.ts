import { assert } from '../assert.ts';
import type { Marks } from './following.ts';
import type { LogView } from './log-view.ts';
import { Progress, Window } from './progress.ts';
import { majorityOf, majorityValue } from './quorum.ts';
import type { Entry, Load, Message, NodeId, Ready, Snapshot } from './types.ts';

export interface ReplicationLimits {
  /** Bytes of entries in one append, about. */
  readonly appendBytesMax: number;
  /** Appends on their way to one follower. */
  readonly inFlightMessagesMax: number;
  readonly inFlightBytesMax: number;
}

type AppendResponse = Extract<Message, { type: 'append-response' }>;

/**
 * What exists only while a node leads: the progress of each follower, heartbeat rounds, reads
 * that wait for a round (ReadIndex, thesis section 6.4), and contact with a majority
 * (check-quorum). Made anew for each term led.
 */
export class Leadership {
  readonly #id: NodeId;
  readonly #term: number;
  readonly #view: LogView;
  readonly #limits: ReplicationLimits;
  readonly #peers: Progress[];
  readonly #firstOwnIndex: number;
  readonly #electionTimeoutMs: number;
  readonly #heartbeatMs: number;
  readonly #scratch: number[] = [];
  #sinceBeatMs = 0;
  #round = 0;
  #roundDue = true;
  /** As of the last Ready. */
  #commitIndex = 0;
  /** Asked before an entry of this term was committed: the commit index may still be behind. */
  #earlyReads: number[] = [];
  #reads: { readonly token: number; readonly index: number; readonly round: number }[] = [];
  #readsDone: { readonly token: number; readonly index: number }[] = [];
  #out: Message[] = [];
  #loads: Load[] = [];

  constructor(options: {
    readonly id: NodeId;
    readonly term: number;
    readonly voters: readonly NodeId[];
    readonly view: LogView;
    readonly limits: ReplicationLimits;
    readonly electionTimeoutMs: number;
    readonly heartbeatMs: number;
  }) {
    this.#id = options.id;
    this.#term = options.term;
    this.#view = options.view;
    this.#limits = options.limits;
    this.#electionTimeoutMs = options.electionTimeoutMs;
    this.#heartbeatMs = options.heartbeatMs;
    this.#firstOwnIndex = options.view.lastIndex + 1;
    this.#peers = options.voters
      .filter((id) => id !== options.id)
      .map((id) => {
        const window = new Window({
          messagesMax: options.limits.inFlightMessagesMax,
          bytesMax: options.limits.inFlightBytesMax,
        });
        return new Progress(id, this.#firstOwnIndex, window);
      });
  }

  get progress(): readonly Progress[] {
    return this.#peers;
  }

  /** Every follower must hear from this leader in the next Ready. */
  get roundDue(): boolean {
    return this.#roundDue;
  }

  /** A follower that is there has persisted all of this log, so the others would elect it. */
  get hasSuccessor(): boolean {
    const { lastIndex } = this.#view;
    return this.#peers.some((peer) => {
      return peer.match === lastIndex && peer.silentMs < this.#electionTimeoutMs;
    });
  }

  /** False once no majority (this node included) has answered within the election timeout. */
  tick(elapsedMs: number): boolean {
    let inTouch = 1;
    for (const peer of this.#peers) {
      peer.silentMs += elapsedMs;
      if (peer.silentMs < this.#electionTimeoutMs) inTouch++;
      if (peer.state !== 'snapshot') continue;
      peer.snapshotAgeMs += elapsedMs;
      if (peer.snapshotAgeMs >= 4 * this.#electionTimeoutMs) peer.toProbe(peer.next);
    }
    this.#sinceBeatMs += elapsedMs;
    if (this.#sinceBeatMs >= this.#heartbeatMs) {
      this.#sinceBeatMs = 0;
      this.#roundDue = true;
    }
    return inTouch >= majorityOf(this.#peers.length + 1);
  }

  /** The highest index that may be committed now (only one's own term counts, section 5.4.2). */
  committed(marks: Readonly<Marks>): number {
    const values = this.#scratch;
    values.length = 0;
    values.push(marks.persistedIndex);
    for (const peer of this.#peers) values.push(peer.match);
    const reached = majorityValue(values);
    const { commitIndex } = marks;
    if (reached <= commitIndex || reached < this.#firstOwnIndex) return commitIndex;
    assert(this.#view.termAt(reached) === this.#term, 'a leader has its own entries only');
    return reached;
  }

  read(token: number, commitIndex: number): void {
    if (commitIndex < this.#firstOwnIndex) {
      this.#earlyReads.push(token);
      return;
    }
    this.#roundDue = true;
    this.#reads.push({ token, index: commitIndex, round: this.#round + 1 });
  }

  respond(message: AppendResponse): void {
    const peer = this.#peers.find((each) => each.id === message.from);
    if (peer === undefined || message.incarnation < peer.incarnation) return;
    if (message.incarnation > peer.incarnation) peer.reborn(message.incarnation);
    peer.silentMs = 0;
    peer.round = Math.max(peer.round, message.round);
    if (message.rejected) this.#rejected(peer, message);
    else this.#accepted(peer, message.index);
  }

  #accepted(peer: Progress, index: number): void {
    assert(index <= this.#view.lastIndex, 'a follower cannot match what its leader does not have');
    if (index > peer.match) {
      peer.match = index;
      peer.window.acknowledge(index);
    }
    if (peer.state === 'snapshot') {
      if (peer.snapshotIndex === undefined || index < peer.snapshotIndex) return;
      peer.toProbe(index + 1);
    }
    if (peer.state === 'probe') peer.toReplicate();
    peer.next = Math.max(peer.next, index + 1);
  }

  #rejected(peer: Progress, message: AppendResponse): void {
    const { index, hintIndex, hintTerm } = message;
    if (hintIndex > index) {
      // Its log begins after what we asked about: either with a snapshot we know, or astray.
      if (this.#view.termAt(hintIndex) === hintTerm) peer.toProbe(hintIndex + 1);
      else if (peer.state !== 'snapshot') peer.toSnapshot();
      return;
    }
    if (peer.state === 'snapshot') return;
    const stale = peer.state === 'probe' ? index !== peer.next - 1 : index <= peer.match;
    if (stale) return;
    const meeting = this.#lastNotAfter(hintIndex, hintTerm);
    if (meeting === undefined) peer.toSnapshot();
    else peer.toProbe(meeting + 1);
  }

  /**
   * The logs cannot meet at an index where ours has a higher term than theirs: the last one at or
   * below `index` where it has not. Undefined: if anywhere, before the start of our log.
   */
  #lastNotAfter(index: number, term: number): number | undefined {
    const view = this.#view;
    for (let at = Math.min(index, view.lastIndex); at >= view.firstIndex - 1; at--) {
      if (view.termAt(at)! <= term) return at;
    }
    return undefined;
  }

  /** Nothing, when the log has been cut or shortened meanwhile: the next Ready looks again. */
  loaded(to: NodeId, from: number, entries: readonly Entry[]): void {
    const peer = this.#peers.find((each) => each.id === to);
    if (peer === undefined || peer.loading !== from) return;
    peer.loading = undefined;
    const first = entries[0];
    if (first === undefined || peer.next !== from || peer.state === 'snapshot') return;
    assert(first.index === from, 'the entries that were asked for');
    const prevTerm = this.#view.termAt(from - 1);
    if (prevTerm === undefined || this.#view.termAt(from) !== first.term) return;
    this.#transfer(peer, prevTerm, entries, this.#commitIndex);
  }

  loadedSnapshot(to: NodeId, snapshot: Snapshot): void {
    const peer = this.#peers.find((each) => each.id === to);
    if (peer === undefined || peer.state !== 'snapshot' || peer.snapshotIndex !== undefined) return;
    peer.loading = undefined;
    peer.snapshotIndex = snapshot.mark.index;
    peer.snapshotAgeMs = 0;
    this.#out.push({
      type: 'snapshot',
      from: this.#id,
      to,
      term: this.#term,
      mark: snapshot.mark,
      data: snapshot.data,
    });
  }

  /** What to send now: new entries, a heartbeat round if one is due, news of the commit index. */
  drain(commitIndex: number): Pick<Ready, 'messages' | 'loads' | 'reads'> {
    this.#commitIndex = commitIndex;
    if (commitIndex >= this.#firstOwnIndex && this.#earlyReads.length > 0) {
      for (const token of this.#earlyReads) this.read(token, commitIndex);
      this.#earlyReads = [];
    }
    if (this.#roundDue) {
      this.#roundDue = false;
      this.#round++;
      for (const peer of this.#peers) {
        peer.beatDue = true;
        peer.probing = false;
      }
    }
    for (const peer of this.#peers) this.#feed(peer, commitIndex);
    this.#finishReads();
    const drained = { messages: this.#out, loads: this.#loads, reads: this.#readsDone };
    this.#out = [];
    this.#loads = [];
    this.#readsDone = [];
    return drained;
  }

  #feed(peer: Progress, commitIndex: number): void {
    const view = this.#view;
    while (peer.state !== 'snapshot' && peer.next <= view.lastIndex) {
      if (peer.loading !== undefined || peer.probing || !peer.window.open) break;
      const prevTerm = view.termAt(peer.next - 1);
      if (prevTerm === undefined || peer.next < view.firstIndex) {
        peer.toSnapshot();
        break;
      }
      const entries = view.entries(peer.next, this.#limits.appendBytesMax);
      if (entries === undefined) {
        peer.loading = peer.next;
        this.#loads.push({ kind: 'entries', to: peer.id, from: peer.next });
        break;
      }
      this.#transfer(peer, prevTerm, entries, commitIndex);
    }
    const unsent = peer.snapshotIndex === undefined && peer.loading === undefined;
    if (peer.state === 'snapshot' && unsent) {
      peer.loading = peer.next;
      this.#loads.push({ kind: 'snapshot', to: peer.id, from: peer.next });
    }
    const caughtUp = peer.state === 'replicate' && peer.match === view.lastIndex;
    if (peer.beatDue || (caughtUp && peer.toldCommit < commitIndex)) this.#beat(peer, commitIndex);
  }

  #transfer(
    peer: Progress,
    prevTerm: number,
    entries: readonly Entry[],
    commitIndex: number,
  ): void {
    const prevIndex = peer.next - 1;
    const last = prevIndex + entries.length;
    this.#append(peer, { prevIndex, prevTerm, entries, commitIndex });
    if (peer.state === 'probe') {
      peer.probing = true;
      peer.probedTo = last;
      return;
    }
    let bytes = 0;
    for (const entry of entries) bytes += entry.bytes.length;
    peer.window.add(last, bytes);
    peer.next = last + 1;
  }

  #beat(peer: Progress, commitIndex: number): void {
    const prevTerm = peer.state === 'snapshot' ? undefined : this.#view.termAt(peer.next - 1);
    const prevIndex = prevTerm === undefined ? 0 : peer.next - 1;
    this.#append(peer, { prevIndex, prevTerm: prevTerm ?? 0, entries: [], commitIndex });
  }

  #append(
    peer: Progress,
    part: Pick<
      Extract<Message, { type: 'append' }>,
      'prevIndex' | 'prevTerm' | 'entries' | 'commitIndex'
    >,
  ): void {
    peer.beatDue = false;
    peer.toldCommit = part.commitIndex;
    this.#out.push({
      type: 'append',
      from: this.#id,
      to: peer.id,
      term: this.#term,
      prevIndex: part.prevIndex,
      prevTerm: part.prevTerm,
      commitIndex: part.commitIndex,
      round: this.#round,
      entries: part.entries,
    });
  }

  #finishReads(): void {
    if (this.#reads.length === 0) return;
    const values = this.#scratch;
    values.length = 0;
    values.push(this.#round);
    for (const peer of this.#peers) values.push(peer.round);
    const confirmed = majorityValue(values);
    let done = 0;
    while (done < this.#reads.length && this.#reads[done]!.round <= confirmed) done++;
    if (done > 0) this.#readsDone.push(...this.#reads.splice(0, done));
  }
}
