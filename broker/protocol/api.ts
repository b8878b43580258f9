/**
 * The requests and answers of the broker's protocol, as types. `codec.ts` gives their bytes.
 *
 * A connection carries frames: `u32 length` (of what follows), then for a request `u8 api,
 * u8 version, u32 correlationId, body`, for an answer `u32 correlationId, u16 error (0 = none),
 * body`; an error's body is `f64 detail, string message`. Requests may be pipelined; answers to
 * produce requests of one connection come in order per partition, others in any order. A server
 * that is full stops reading (back-pressure), or answers `overloaded`. Topics are named on the
 * admin surface and go by number (`topicId`) on the hot path.
 */
export type FlushMode = 'sync' | 'async' | 'os';
export type ReplicationMode = 'none' | 'async' | 'quorum';

export const ApiKey = {
  hello: 0,
  metadata: 1,
  createTopic: 2,
  initProducer: 3,
  produce: 4,
  fetch: 5,
  listOffsets: 6,
  openCursor: 7,
  commitCursor: 8,
  joinGroup: 9,
  heartbeatGroup: 10,
  leaveGroup: 11,
  describe: 12,
  /** Node to node: one frame per tick with the messages of all Raft groups. */
  raft: 20,
} as const;
export type ApiKey = (typeof ApiKey)[keyof typeof ApiKey];

export interface TopicConfig {
  readonly name: string;
  readonly partitions: number;
  /** Replicas per partition; must be 1 with replication `none`. */
  readonly replicas: number;
  readonly flush: FlushMode;
  readonly replication: ReplicationMode;
  /** Milliseconds between syncs with flush `async`. */
  readonly flushIntervalMs: number;
  readonly segmentBytes: number;
  /** Oldest whole segments go beyond either; 0 = keep all. */
  readonly retentionBytes: number;
  readonly retentionMs: number;
}

export interface NodeInfo {
  readonly id: number;
  /** Where clients connect. */
  readonly address: string;
}

export interface PartitionInfo {
  readonly partition: number;
  readonly replicas: readonly number[];
  /** As the answering node knows it; 0 = unknown. */
  readonly leader: number;
  readonly term: number;
}

export interface TopicInfo {
  readonly topicId: number;
  readonly config: TopicConfig;
  readonly partitions: readonly PartitionInfo[];
}

export interface Requests {
  hello: {
    request: {
      readonly protocolVersion: number;
      readonly clientName: string;
      /** The cluster's token; needed for admin and cluster calls only. */
      readonly token: string;
    };
    response: {
      readonly nodeId: number;
      readonly protocolVersion: number;
      readonly frameBytesMax: number;
      readonly batchBytesMax: number;
    };
  };
  metadata: {
    /** No names = all topics. Answered by every node from its own copy of the system group. */
    request: { readonly topics: readonly string[] };
    response: {
      readonly nodes: readonly NodeInfo[];
      /** Leader of the system group: where group calls and `initProducer` go; 0 = unknown. */
      readonly coordinator: number;
      readonly topics: readonly TopicInfo[];
    };
  };
  /** Admin. Coordinator only. Answered once the topic is committed; leaders come a moment later. */
  createTopic: {
    request: { readonly config: TopicConfig };
    response: { readonly topicId: number };
  };
  /**
   * Coordinator only. `producerId` 0 asks for a new id; otherwise raises the epoch of that id,
   * which fences every earlier epoch.
   */
  initProducer: {
    request: { readonly producerId: number };
    response: { readonly producerId: number; readonly epoch: number };
  };
  /**
   * Partition leader only. Errors: `not-leader`, `stale-epoch`, `sequence-gap` (detail = last
   * sequence this leader knows, -1 if none), `sequence-too-old`, `corrupt-batch`, `too-large`,
   * `overloaded`, `disk-full`. After `not-leader`, `timed-out` or a lost connection the outcome is
   * unknown unless the error came before the append; `not-leader` with detail 1 means "not
   * appended, for sure". A duplicate gets the answer of its first copy.
   */
  produce: {
    request: {
      readonly topicId: number;
      readonly partition: number;
      /** A sealed batch, `protocol/batch.ts`. */
      readonly batch: Buffer;
    };
    response: { readonly baseOffset: number; readonly term: number };
  };
  /**
   * Leader, or with `replica` any node that has a copy: it serves its own committed prefix.
   * Waits up to `waitMs` for at least one record. `lastTerm` is the term of the batch that holds
   * `offset - 1` as the reader saw it (0 = unknown): where the log has been cut and regrown the
   * answer is the error `diverged` (detail = offset to go back to). Errors: `not-leader`,
   * `offset-out-of-range`, `diverged`, `corrupt-log`.
   */
  fetch: {
    request: {
      readonly topicId: number;
      readonly partition: number;
      readonly offset: number;
      readonly lastTerm: number;
      readonly bytesMax: number;
      readonly waitMs: number;
      readonly replica: boolean;
    };
    response: {
      readonly logStartOffset: number;
      readonly highWatermark: number;
      /** Whole record batches as stored, back to back; the first may begin before `offset`. */
      readonly batches: Buffer;
    };
  };
  /** Leader (latest end through ReadIndex), or with `replica` any copy's own view. */
  listOffsets: {
    request: { readonly topicId: number; readonly partition: number; readonly replica: boolean };
    response: {
      readonly logStartOffset: number;
      readonly highWatermark: number;
      readonly logEndOffset: number;
    };
  };
  /**
   * Partition leader. Raises the cursor's generation through the log, so that every earlier
   * generation is fenced from here on, then answers the offset to resume at (-1 = never
   * committed). Errors: `fenced` when the partition knows a higher generation.
   */
  openCursor: {
    request: {
      readonly topicId: number;
      readonly partition: number;
      readonly group: string;
      readonly generation: number;
    };
    response: { readonly offset: number };
  };
  /** Cumulative: everything below `offset` is done. Answered once replicated as the mode asks. */
  commitCursor: {
    request: {
      readonly topicId: number;
      readonly partition: number;
      readonly group: string;
      readonly generation: number;
      readonly offset: number;
    };
    response: Record<string, never>;
  };
  /**
   * Coordinator only. Joins or re-joins (`memberId` empty = new member) and answers when the
   * generation is complete: all live members joined, or the rebalance time-out passed.
   */
  joinGroup: {
    request: {
      readonly group: string;
      readonly memberId: string;
      readonly topic: string;
      readonly sessionTimeoutMs: number;
    };
    response: {
      readonly memberId: string;
      readonly generation: number;
      readonly partitions: readonly number[];
    };
  };
  /** Errors: `rebalancing` (join again), `unknown-member`, `fenced`. */
  heartbeatGroup: {
    request: { readonly group: string; readonly memberId: string; readonly generation: number };
    response: Record<string, never>;
  };
  leaveGroup: {
    request: { readonly group: string; readonly memberId: string };
    response: Record<string, never>;
  };
  /** Every Raft group that this node has a replica of. */
  describe: {
    request: Record<string, never>;
    response: {
      readonly nodeId: number;
      readonly version: string;
      readonly groups: readonly GroupStatus[];
    };
  };
}

export interface GroupStatus {
  /** 0 = the system group, else `topicId * 65536 + partition + 1`. */
  readonly groupId: number;
  readonly role: 'follower' | 'pre-candidate' | 'candidate' | 'leader';
  readonly term: number;
  readonly leader: number;
  readonly commitIndex: number;
  readonly lastIndex: number;
  readonly logStartOffset: number;
  readonly highWatermark: number;
  readonly logEndOffset: number;
  /** Behind the last record of this node's copy that a completed sync covers. */
  readonly syncedOffset: number;
  /** Behind the last one that is persisted under the flush mode: what this node vouches for. */
  readonly persistedOffset: number;
  /** The longest sync of this copy's log since the node started, in milliseconds. */
  readonly syncMsMax: number;
}
