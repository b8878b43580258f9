/**
 * The vocabulary of the consensus core: what goes in (messages, ticks, proposals) and what comes
 * out (`Ready`). Words are those of the Raft paper and thesis. The core never sees payload bytes:
 * an entry is its term, its index and an opaque body that it passes on.
 */
export type NodeId = number;

export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly bytes: Buffer;
}

/** What must be durable before it is acted on, in every flush mode. */
export interface HardState {
  readonly term: number;
  /** The node voted for in `term`; 0 = none. */
  readonly vote: NodeId;
  /**
   * Counts the starts of this replica; raised and synced at each start. It lets a leader tell a
   * stale answer from a follower whose log came back shorter.
   */
  readonly incarnation: number;
}

export interface SnapshotMark {
  readonly index: number;
  readonly term: number;
}

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  /** Sender's term; for pre-vote the term it would campaign in. */
  readonly term: number;
}

export type Message = Envelope &
  (
    | { readonly type: 'pre-vote' | 'vote'; readonly lastIndex: number; readonly lastTerm: number }
    | { readonly type: 'pre-vote-response' | 'vote-response'; readonly granted: boolean }
    | {
        /** Also the heartbeat, with no entries. */
        readonly type: 'append';
        readonly prevIndex: number;
        readonly prevTerm: number;
        readonly commitIndex: number;
        /** Rises with each heartbeat round; echoed; proves leadership to check-quorum and ReadIndex. */
        readonly round: number;
        readonly entries: readonly Entry[];
      }
    | {
        readonly type: 'append-response';
        readonly incarnation: number;
        readonly round: number;
        readonly rejected: boolean;
        /**
         * Accepted: highest index known to match the leader's log AND persisted here under the
         * flush mode. Rejected: the `prevIndex` refused.
         */
        readonly index: number;
        /** Rejected: where the leader should probe next. */
        readonly hintIndex: number;
        readonly hintTerm: number;
      }
    | { readonly type: 'snapshot'; readonly mark: SnapshotMark; readonly data: Buffer }
    | { readonly type: 'timeout-now' }
  );

/** The log as the core reads it: synchronous, never blocks. Implemented by `log/`. */
export interface RaftLog {
  /** Index of the first entry that is still here; `lastIndex + 1` when there is none. */
  readonly firstIndex: number;
  readonly lastIndex: number;
  /** Defined for `firstIndex - 1` (the mark before the log) up to `lastIndex`; else undefined. */
  termAt(index: number): number | undefined;
  /**
   * Entries from `from`, at least one and up to about `bytesMax`; `undefined` when they are not in
   * memory: the core then asks for them with `Ready.loads`.
   */
  entriesInMemory(from: number, bytesMax: number): readonly Entry[] | undefined;
}

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

export interface Snapshot {
  readonly mark: SnapshotMark;
  /** Opaque to the core. */
  readonly data: Buffer;
}

/**
 * What the shell must do, in this order and in one go: (1) append `entries`, truncating the log
 * first where they overlap it; where the log may forget, that can cut what was applied, and the
 * state machine goes back too; (2) send `messages`; (3) apply up to `commitIndex`; (4) answer
 * `reads`; (5) serve `loads`. Hard state and snapshots come before (`Raft.unsyncedHardState`,
 * `Raft.waitingSnapshot`). Persistence of the entries is reported with `Raft.persisted` and may
 * lag behind any number of Readys.
 */
export interface Ready {
  readonly entries: readonly Entry[];
  readonly messages: readonly Message[];
  readonly commitIndex: number;
  /** ReadIndex requests that are now safe at `index`. */
  readonly reads: readonly { readonly token: number; readonly index: number }[];
  readonly loads: readonly Load[];
}

/** Wanted for a peer and not in memory; answer with `Raft.loaded` or `Raft.loadedSnapshot`. */
export interface Load {
  readonly kind: 'entries' | 'snapshot';
  readonly to: NodeId;
  /** Entries: index of the first one. */
  readonly from: number;
}
