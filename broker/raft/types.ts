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

/**
 * What the shell must do, in this order: (1) sync `hardState` when set; (2) append `entries`
 * (truncating the log first where they overlap it); (3) send `messages`: those with
 * `afterPersist` only once the hard state and the entries of this Ready and all before it are
 * persisted, the others at once; (4) apply up to `commitIndex`; (5) serve `loads` and `reads`.
 * Persistence is reported with `Raft.persisted`, and may lag behind any number of Readys.
 */
export interface Ready {
  readonly hardState: HardState | undefined;
  readonly entries: readonly Entry[];
  readonly snapshot: { readonly mark: SnapshotMark; readonly data: Buffer } | undefined;
  readonly messages: readonly { readonly message: Message; readonly afterPersist: boolean }[];
  readonly commitIndex: number;
  /** Entries that are on disk only, wanted for a peer; answer with `Raft.loaded`. */
  readonly loads: readonly { readonly to: NodeId; readonly from: number }[];
  /** ReadIndex requests that are now safe at `index`. */
  readonly reads: readonly { readonly token: number; readonly index: number }[];
  readonly role: Role;
  readonly leader: NodeId;
  readonly term: number;
}
