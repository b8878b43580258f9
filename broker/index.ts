/** The broker's public edge: what the harness, the commands and other programs may use. */
export { BrokerError, brokerErrors, type BrokerErrorCode } from './errors.ts';
export type { Env } from './env/env.ts';
export { realEnv } from './env/real/env.ts';
export type { Disk, DiskFile } from './env/disk.ts';
export type { Random } from './env/random.ts';
export type { PowerCut } from './env/emulated/cut-commit.ts';
export { cutPower } from './env/emulated/cut-power.ts';
export { layoutOf } from './env/emulated/layout.ts';
export { SimRandom } from './env/sim/random.ts';
export {
  readDiskFaults,
  writeDiskFaults,
  type AppliedDiskFaults,
  type DiskFaults,
} from './env/emulated/faults.ts';
export type {
  FlushMode,
  GroupStatus,
  NodeInfo,
  PartitionInfo,
  ReplicationMode,
  TopicConfig,
  TopicInfo,
} from './protocol/api.ts';
export { ClusterClient, type ClientOptions } from './client/cluster.ts';
export { NodeConnection, type ConnectOptions } from './client/connection.ts';
export { partitionOfKey } from './client/partitioner.ts';
export type { SendDone } from './client/outgoing-batch.ts';
export { Producer, sendAndWait, type ProducerOptions } from './client/producer.ts';
export type { ConsumedRecord } from './client/record-reader.ts';
export { GroupConsumer, type GroupConsumerOptions } from './client/group-consumer.ts';
export {
  readTopic,
  type PartitionRange,
  type ReadTopicOptions,
} from './client/partition-reader.ts';
export { Admin, type Roles } from './client/admin.ts';
export { startNode, type BrokerNode } from './server/server.ts';
export { runNode, type NodeProcessConfig, type ReadyLine } from './server/run-node.ts';
export type {
  GatePart,
  MachinePart,
  NodeAddress,
  NodeLimits,
  NodeOptions,
  Report,
  Wraps,
} from './server/node-options.ts';
export type { ReplicaLog } from './server/replica-log.ts';
export type { LogOptions } from './log/log.ts';
export type { Message } from './raft/types.ts';
export { brokerVersion } from './version.ts';
