import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type JetStreamManager,
  type StreamInfo,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { HarnessError } from '../../errors.ts';
import type { TopicOptions } from '../driver.ts';
import { nodeOfServer } from './config.ts';
import { duplicateWindowMs } from './duplicate-window.ts';
import { isStreamNotFound, reasonOf, until } from './patience.ts';

/**
 * A topic is a stream per partition, since only a stream is an order of its own: the position of a
 * message is its stream and, counted from 0, its sequence there, which is dense.
 */
export function streamOf(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

export function subjectOf(topic: string, partition: number): string {
  return `${topic}.${partition}`;
}

/** Right after a start the servers do not know each other yet. */
const createMsMax = 20_000;
/** In the metadata of each stream, for whoever finds only one of them. */
const partitionsKey = 'ackworth-partitions';

/** Keeps everything: a run that lost messages to a limit could not be judged. */
export async function createStreams(
  jsm: JetStreamManager,
  topic: string,
  { partitions, replicas }: TopicOptions,
): Promise<void> {
  const create = async (partition: number): Promise<void> => {
    const name = streamOf(topic, partition);
    const config = {
      name,
      subjects: [subjectOf(topic, partition)],
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
      discard: DiscardPolicy.New,
      num_replicas: replicas,
      duplicate_window: nanos(duplicateWindowMs),
      metadata: { [partitionsKey]: String(partitions) },
    };
    try {
      await until(createMsMax, async () => {
        await jsm.streams.add(config);
        await infoOfLeader(jsm, name);
      });
    } catch (cause) {
      const what = `stream "${name}" with ${replicas} replicas has no quorum`;
      const sentence = `${what} after ${createMsMax} ms: ${reasonOf(cause)}`;
      throw new HarnessError('cluster', sentence, { cause });
    }
  };
  await Promise.all(Array.from({ length: partitions }, (_, partition) => create(partition)));
}

/** How many partitions the topic was made with, by any stream of it that is there. */
export async function partitionsOf(jsm: JetStreamManager, topic: string): Promise<number> {
  const [name] = await jsm.streams.names(`${topic}.*`).next();
  if (name === undefined)
    throw new HarnessError('cluster', `there is no stream of topic "${topic}"`);
  const { config } = await jsm.streams.info(name);
  return Number(config.metadata?.[partitionsKey] ?? 0);
}

/** The number of the node that leads it; a server that is no cluster leads all its streams. */
export function leaderOf({ cluster }: Pick<StreamInfo, 'cluster'>): number {
  return cluster === undefined ? 1 : nodeOfServer(cluster.leader);
}

/** Who leads each partition; 0 where nobody does, or nobody can tell. */
export function leadersOf(
  jsm: JetStreamManager,
  topic: string,
  partitions: number,
): Promise<number[]> {
  const lead = async (partition: number): Promise<number> => {
    try {
      return leaderOf(await jsm.streams.info(streamOf(topic, partition)));
    } catch {
      return 0;
    }
  };
  return Promise.all(Array.from({ length: partitions }, (_, partition) => lead(partition)));
}

/** Who leads the durable consumer of each group on each partition; 0 as in `leadersOf`. */
export async function groupLeadersOf(
  jsm: JetStreamManager,
  { topic, partitions, groups }: GroupsOfTopic,
): Promise<number[]> {
  const lead = async (partition: number, group: string): Promise<number> => {
    try {
      return leaderOf(await jsm.consumers.info(streamOf(topic, partition), group));
    } catch {
      return 0;
    }
  };
  const all = Array.from({ length: partitions }, (_, partition) =>
    groups.map((group) => lead(partition, group)),
  );
  return Promise.all(all.flat());
}

interface GroupsOfTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly groups: readonly string[];
}

/** Where there is no leader any replica answers, which may be behind: that is not taken. */
async function infoOfLeader(jsm: JetStreamManager, name: string): Promise<StreamInfo> {
  const info = await jsm.streams.info(name);
  if (leaderOf(info) === 0) throw new Error('it has no leader');
  return info;
}

export interface StreamInfoOptions {
  readonly patienceMs: number;
  /** Whether all servers answer, and one of them says that it leads the others. */
  readonly isWhole: () => Promise<boolean>;
}

/**
 * The leader's; asked for again where there is none. Undefined where the stream is gone for good,
 * which is believed only while all servers answer, `isWhole`: a leader of theirs that does not know
 * all streams yet says the same of one that is there. Rejects otherwise.
 */
export async function streamInfo(
  jsm: JetStreamManager,
  name: string,
  { patienceMs, isWhole }: StreamInfoOptions,
): Promise<StreamInfo | undefined> {
  try {
    return await until(patienceMs, () => infoOfLeader(jsm, name));
  } catch (cause) {
    if (!isStreamNotFound(cause)) throw cause;
    if (await isWhole()) return undefined;
    const sentence = `stream "${name}" is not found, while not all servers answer, or none leads them`;
    throw new Error(sentence, { cause });
  }
}
