/**
 * What a broker must offer to be tested: the one seam between the harness and any broker. A driver
 * is a folder here plus one line in `registry.ts`, and must pass `driver.contract.ts` before its
 * results may stand beside another's.
 *
 * Times are not the driver's business: the load generator stamps them. Payloads are opaque bytes;
 * a driver neither parses, shares nor rewrites them.
 */
export interface Driver {
  readonly name: string;
  readonly capabilities: Capabilities;
  /** One session per process that talks to the broker. */
  connect(target: Target): Promise<Session>;
}

/** What the broker can do. A checker that needs more is `not-applicable`, never a pass. */
export interface Capabilities {
  /** Acks and deliveries carry a position (partition, offset). */
  readonly positions: boolean;
  /** Offsets of neighbouring records differ by exactly one. */
  readonly denseOffsets: boolean;
  readonly orderScope: 'none' | 'key' | 'partition' | 'queue';
  /** A message that had to be sent again keeps its place among those of its producer and key. */
  readonly retriesKeepOrder: boolean;
  /** The log can be read again from its start after consumption. */
  readonly replayable: boolean;
  /** Members of a group share single messages, not partitions, and ack each by itself. */
  readonly competingConsumers: boolean;
  readonly groups: boolean;
  /** `readAll(node)` reads that node's own copy. */
  readonly readEachReplica: boolean;
  readonly idempotence: boolean;
}

export interface Target {
  /** Client addresses of the nodes, index 0 = node 1. */
  readonly addresses: readonly string[];
  /** Credentials for admin calls. */
  readonly token: string;
  readonly topic: string;
  /** Of the topic, where whoever connects knows: a broker that has lost it all cannot be asked. */
  readonly partitions?: number;
}

export interface TopicOptions {
  readonly partitions: number;
  readonly replicas: number;
  readonly flush: 'sync' | 'async' | 'os';
  readonly replication: 'none' | 'async' | 'quorum';
  readonly flushIntervalMs: number;
  /** A file of the log is complete at this size, where the broker lets one choose. */
  readonly segmentBytes: number;
}

export interface Position {
  readonly partition: number;
  readonly offset: number;
}

/**
 * `ok`: the broker's own ack came. `fail`: certainly no effect. `info`: unknown; time-outs and lost
 * connections always.
 */
export type Outcome = 'ok' | 'fail' | 'info';

export interface OutgoingMessage {
  /** Small integer; the driver derives the broker's key from it. Same key, same partition. */
  readonly key: number;
  /** Owned by the driver from `send` until `done`. */
  readonly payload: Buffer;
}

/**
 * Called exactly once per sent message, never from inside `send`. `attempts` counts tries on the
 * wire when the driver knows (0 = unknown).
 */
export type Done = (
  outcome: Outcome,
  partition: number,
  offset: number,
  attempts: number,
  errorCode: string | undefined,
) => void;

export interface ProducerOptions {
  readonly inFlightMax: number;
  readonly lingerMs: number;
  readonly batchBytesMax: number;
  /** Send to known outcome; after it the outcome is `info`. */
  readonly deliveryTimeoutMs: number;
  readonly idempotent: boolean;
  /** The window has room again after `send` returned false. */
  readonly onDrain: () => void;
  /** Something a reader of the run should know: epoch raised, sequence gap, leader changed. */
  readonly onNote: (note: string) => void;
  /** The client has given up for good, and nothing more will come of it: the worker ends. */
  readonly onFailed: (error: Error) => void;
}

export interface Producer {
  /**
   * Takes the message and returns true; or returns false, takes nothing, and calls `onDrain` later.
   * `partition`/`offset` in `done` are -1 where the broker has no positions.
   */
  send(message: OutgoingMessage, done: Done): boolean;
  /** Waits for the outcome of all that was sent, at most the delivery time-out. */
  close(): Promise<void>;
}

export interface Delivery {
  /** Valid only during the call. */
  readonly payload: Buffer;
  readonly partition: number;
  readonly offset: number;
  /** The broker's own mark that this may have been delivered before. */
  readonly redelivered: boolean;
}

export interface ConsumerOptions {
  readonly group: string;
  readonly inFlightMax: number;
  readonly sessionTimeoutMs: number;
  readonly onDelivery: (delivery: Delivery) => void;
  readonly onAssigned: (partitions: readonly { partition: number; offset: number }[]) => void;
  readonly onRevoked: (partitions: readonly number[]) => void;
  /** The broker told the consumer to go back: the log was cut there. */
  readonly onDiverged: (position: Position) => void;
  /** `ground`: what a pass has to say, too, such as a cursor that was gone and begins anew. */
  readonly onNote: (note: string, weight?: 'ground') => void;
  /** The client has given up for good, and nothing more will come of it: the worker ends. */
  readonly onFailed: (error: Error) => void;
}

export interface Consumer {
  /** Cumulative up to and including this position; with `competingConsumers` this one only. */
  ack(partition: number, offset: number): void;
  /** Gives the delivery back for another try; only with `competingConsumers`. */
  nack(partition: number, offset: number): void;
  /** Leaves the group, with everything acked so far committed. */
  close(): Promise<void>;
}

export interface ReadRecord {
  /** Valid only during the call. */
  readonly payload: Buffer;
  readonly partition: number;
  readonly offset: number;
}

export interface Roles {
  /** Node numbers, from 1; 0 = unknown. Leader of each partition, index = partition. */
  readonly leaders: readonly number[];
  readonly coordinator: number;
  /**
   * Node numbers, too: who leads the groups that were asked about, once for each that is led as a
   * whole, or for each partition of one that is led there. Left out where none were asked about.
   */
  readonly groupLeaders?: readonly number[];
}

/**
 * What a fault that strikes now puts at stake: acked messages that no majority of their replicas
 * would hold, if these nodes lost everything (`all`: gone, or down while others elect) or what
 * they had not synced (`unsynced`: a power cut). The nodes are asked at once, not at one instant,
 * so it is as exact as their answers are close together; one that does not answer holds nothing.
 */
export interface Exposure {
  /** Index = partition: what one partition does not have at stake excuses no loss in another. */
  readonly byPartition: readonly number[];
  /** Nodes with copies that did not answer: true to what they hold only where they are down. */
  readonly silent: readonly number[];
  /** The longest sync so far of any log of the topic: how much later than due one may come. */
  readonly syncMsMax: number;
  /** Before any of these answers, in history time: what was acked later is not counted. */
  readonly askedAtNanos: number;
}

export interface Session {
  createTopic(options: TopicOptions): Promise<void>;
  /** Server version and the topic's effective configuration, read back from the broker. */
  describe(): Promise<{ readonly version: string; readonly config: Record<string, unknown> }>;
  createProducer(options: ProducerOptions): Promise<Producer>;
  createConsumer(options: ConsumerOptions): Promise<Consumer>;
  /**
   * Reads the topic from its start to the end known when it began; with `node` that node's own
   * copy, with -1 for start and end of a partition that it holds none of. Rejects when it could not
   * reach the end: a partial read is never passed off as whole. What the broker hands out against
   * its own checksum is a record with an empty payload: damage is there to be judged.
   */
  readAll(options: {
    readonly node?: number;
    readonly onRecord: (record: ReadRecord) => void;
    /** Gives up after so long without a record; the driver's own choice when left out. */
    readonly patienceMs?: number;
  }): Promise<{ readonly partitions: readonly { startOffset: number; endOffset: number }[] }>;
  roles(groups?: readonly string[]): Promise<Roles>;
  /** What is at stake right now; left out where the broker cannot tell. */
  exposure?(failing: readonly number[], loses: 'all' | 'unsynced'): Promise<Exposure>;
  close(): Promise<void>;
}
