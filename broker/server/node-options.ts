import type { Disk } from '../env/disk.ts';
import type { Env } from '../env/env.ts';
import type { Network } from '../env/network.ts';
import type { LogOptions } from '../log/log.ts';
import type { PartitionMachine } from '../partition/partition.ts';
import type { ProducerGate } from '../partition/producer-gate.ts';
import type { Message } from '../raft/types.ts';
import { BrokerError } from '../errors.ts';
import type { ReplicaLog } from './replica-log.ts';

/** One member of the cluster, as the node that is being started should see it. */
export interface NodeAddress {
  /** 1..65535, the same on every node. */
  readonly id: number;
  /** `host:port` told to clients; also where this node listens unless `listenAddress` is set. */
  readonly clientAddress: string;
  /** Where this node reaches that one; `clientAddress` when left out. */
  readonly peerAddress?: string;
  /** `host:port` of that node's HTTP gateway, for redirects to a leader. */
  readonly gatewayAddress?: string;
}

/** What a node will hold at most; beyond it a request is refused or the reading stops. */
export interface NodeLimits {
  readonly connectionsMax: number;
  /** Longest frame of a client, without its length field. Node to node: eight times as much. */
  readonly frameBytesMax: number;
  readonly batchBytesMax: number;
  /** Requests taken and not yet answered, all connections together. */
  readonly inFlightBytesMax: number;
  /** The same for one connection; it is not read from while above. */
  readonly connectionInFlightBytesMax: number;
  readonly connectionInFlightRequestsMax: number;
  /** Answers that one connection has not read yet; no fetch is served to it while above. */
  readonly connectionOutputBytesMax: number;
  /** Answers not read yet, all connections together. */
  readonly outputBytesMax: number;
  /** A frame that has begun must be whole after this time, or its connection is closed. */
  readonly frameTimeoutMs: number;
  /** Longest `waitMs` granted to a fetch. */
  readonly fetchWaitMsMax: number;
  readonly partitionsPerTopicMax: number;
}

export const defaultLimits: NodeLimits = {
  connectionsMax: 1024,
  frameBytesMax: 8 * 1024 * 1024,
  batchBytesMax: 4 * 1024 * 1024,
  inFlightBytesMax: 256 * 1024 * 1024,
  connectionInFlightBytesMax: 64 * 1024 * 1024,
  connectionInFlightRequestsMax: 8192,
  connectionOutputBytesMax: 8 * 1024 * 1024,
  outputBytesMax: 256 * 1024 * 1024,
  frameTimeoutMs: 30_000,
  fetchWaitMsMax: 30_000,
  partitionsPerTopicMax: 1024,
};

/** Whatever has the shape of a partition's state machine. */
export type MachinePart = Pick<PartitionMachine, keyof PartitionMachine>;
/** Whatever has the shape of a leader's gate. */
export type GatePart = Pick<ProducerGate, keyof ProducerGate>;

/**
 * Parts that a test rig may put its own around. The node behaves the same with or without them; it
 * has no switch of its own for any defect.
 */
export interface Wraps {
  /** Opens a replica's log. */
  readonly openLog?: (options: LogOptions) => Promise<ReplicaLog>;
  readonly network?: (network: Network) => Network;
  readonly disk?: (disk: Disk) => Disk;
  /** Sees each Raft message of this node before it is queued for a peer; undefined drops it. */
  readonly outgoingMessage?: (groupId: number, message: Message) => Message | undefined;
  /** Sees each Raft message that came in before the replica steps on it; undefined drops it. */
  readonly incomingMessage?: (groupId: number, message: Message) => Message | undefined;
  readonly partitionMachine?: (machine: PartitionMachine, groupId: number) => MachinePart;
  readonly producerGate?: (gate: ProducerGate, groupId: number) => GatePart;
}

export type Report = (
  level: 'info' | 'warn' | 'error',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

export interface NodeOptions {
  readonly nodeId: number;
  /** Every member, this node included; the voters of the system group. */
  readonly nodes: readonly NodeAddress[];
  /** Absolute or relative to the working directory; created when missing. */
  readonly dataDirectory: string;
  /** The cluster's shared secret: admin calls and node-to-node frames need it. Not empty. */
  readonly token: string;
  /** Written into the data directory, which another cluster's node then refuses. */
  readonly clusterName?: string;
  /** Real parts over `dataDirectory` when left out. */
  readonly env?: Env;
  /** Where to listen when it differs from this node's `clientAddress`; port 0 = any. */
  readonly listenAddress?: string;
  /** No HTTP gateway when left out. */
  readonly gatewayListenAddress?: string;
  /** An election begins after one to two times this without a leader. Default 1000. */
  readonly electionTimeoutMs?: number;
  /** Default a tenth of the election time-out. */
  readonly heartbeatMs?: number;
  /** Recent log bytes kept in memory per partition. Default 16 MiB. */
  readonly cacheBytes?: number;
  readonly limits?: Partial<NodeLimits>;
  readonly report?: Report;
  /** The node can no longer serve safely (a corrupt log, say) and has stopped. */
  readonly onFatal?: (error: BrokerError) => void;
  readonly wrap?: Wraps;
}

/** Refuses options that cannot work, with one sentence that names the option. */
export function checkOptions(options: NodeOptions): void {
  const refuse = (what: string): never => {
    throw new BrokerError('invalid-request', what);
  };
  if (options.token === '') refuse('token must not be empty');
  if (options.dataDirectory === '') refuse('dataDirectory must not be empty');
  const ids = new Set<number>();
  for (const node of options.nodes) {
    if (!Number.isInteger(node.id) || node.id < 1 || node.id > 65_535) {
      refuse(`nodes: id ${node.id} is not an integer in 1..65535`);
    }
    if (ids.has(node.id)) refuse(`nodes: id ${node.id} is given twice`);
    ids.add(node.id);
  }
  if (!ids.has(options.nodeId)) refuse(`nodes: nodeId ${options.nodeId} is not among them`);
  const limits = { ...defaultLimits, ...options.limits };
  if (limits.batchBytesMax + 1024 > limits.frameBytesMax) {
    refuse('limits: frameBytesMax must be at least batchBytesMax + 1024');
  }
}
