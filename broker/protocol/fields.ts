import type { FlushMode, GroupStatus, NodeInfo, PartitionInfo, ReplicationMode } from './api.ts';
import type { Requests, TopicConfig, TopicInfo } from './api.ts';
import { invalid } from './wire.ts';
import type { WireReader, WireWriter } from './wire.ts';

const flushModes: readonly FlushMode[] = ['sync', 'async', 'os'];
const replicationModes: readonly ReplicationMode[] = ['none', 'async', 'quorum'];
const roles: readonly GroupStatus['role'][] = ['follower', 'pre-candidate', 'candidate', 'leader'];

export function writeList<T>(
  to: WireWriter,
  list: readonly T[],
  write: (to: WireWriter, element: T) => void,
): void {
  to.u32(list.length);
  for (const element of list) write(to, element);
}

export function readList<T>(
  from: WireReader,
  bytesEach: number,
  read: (from: WireReader) => T,
): T[] {
  const list: T[] = [];
  for (let left = from.count(bytesEach); left > 0; left--) list.push(read(from));
  return list;
}

export const writeString = (to: WireWriter, value: string): void => to.string(value);
export const readString = (from: WireReader): string => from.string();
export const writeU32 = (to: WireWriter, value: number): void => to.u32(value);
export const readU32 = (from: WireReader): number => from.u32();

export function writeNothing(): void {}

export function readNothing(): Record<string, never> {
  return {};
}

function writeChoice<T>(to: WireWriter, choices: readonly T[], value: T): void {
  const at = choices.indexOf(value);
  if (at < 0) throw invalid(`${String(value)} is not one of ${choices.join(', ')}`);
  to.u8(at);
}

function readChoice<T>(from: WireReader, choices: readonly T[]): T {
  const choice = choices[from.u8()];
  if (choice === undefined) throw invalid(`a field is not one of ${choices.join(', ')}`);
  return choice;
}

export function writeNode(to: WireWriter, node: NodeInfo): void {
  to.u32(node.id);
  to.string(node.address);
}

export function readNode(from: WireReader): NodeInfo {
  return { id: from.u32(), address: from.string() };
}

export function writeTopicConfig(to: WireWriter, config: TopicConfig): void {
  to.string(config.name);
  to.u32(config.partitions);
  to.u32(config.replicas);
  writeChoice(to, flushModes, config.flush);
  writeChoice(to, replicationModes, config.replication);
  to.u32(config.flushIntervalMs);
  to.u64(config.segmentBytes);
  to.u64(config.retentionBytes);
  to.u64(config.retentionMs);
}

export function readTopicConfig(from: WireReader): TopicConfig {
  return {
    name: from.string(),
    partitions: from.u32(),
    replicas: from.u32(),
    flush: readChoice(from, flushModes),
    replication: readChoice(from, replicationModes),
    flushIntervalMs: from.u32(),
    segmentBytes: from.u64(),
    retentionBytes: from.u64(),
    retentionMs: from.u64(),
  };
}

export function writeTopic(to: WireWriter, topic: TopicInfo): void {
  to.u32(topic.topicId);
  writeTopicConfig(to, topic.config);
  writeList(to, topic.partitions, writePartition);
}

export function readTopic(from: WireReader): TopicInfo {
  return {
    topicId: from.u32(),
    config: readTopicConfig(from),
    partitions: readList(from, 20, readPartition),
  };
}

function writePartition(to: WireWriter, partition: PartitionInfo): void {
  to.u32(partition.partition);
  writeList(to, partition.replicas, writeU32);
  to.u32(partition.leader);
  to.u64(partition.term);
}

function readPartition(from: WireReader): PartitionInfo {
  return {
    partition: from.u32(),
    replicas: readList(from, 4, readU32),
    leader: from.u32(),
    term: from.u64(),
  };
}

export function writeCursor(to: WireWriter, cursor: Requests['openCursor']['request']): void {
  to.u32(cursor.topicId);
  to.u32(cursor.partition);
  to.string(cursor.group);
  to.u32(cursor.generation);
}

export function readCursor(from: WireReader): Requests['openCursor']['request'] {
  return {
    topicId: from.u32(),
    partition: from.u32(),
    group: from.string(),
    generation: from.u32(),
  };
}

export function writeGroupStatus(to: WireWriter, group: GroupStatus): void {
  to.u64(group.groupId);
  writeChoice(to, roles, group.role);
  to.u64(group.term);
  to.u32(group.leader);
  to.u64(group.commitIndex);
  to.u64(group.lastIndex);
  to.u64(group.logStartOffset);
  to.u64(group.highWatermark);
  to.u64(group.logEndOffset);
  to.u64(group.syncedOffset);
  to.u64(group.persistedOffset);
  to.f64(group.syncMsMax);
}

export function readGroupStatus(from: WireReader): GroupStatus {
  return {
    groupId: from.u64(),
    role: readChoice(from, roles),
    term: from.u64(),
    leader: from.u32(),
    commitIndex: from.u64(),
    lastIndex: from.u64(),
    logStartOffset: from.u64(),
    highWatermark: from.u64(),
    logEndOffset: from.u64(),
    syncedOffset: from.u64(),
    persistedOffset: from.u64(),
    syncMsMax: from.f64(),
  };
}
