import { Admin, type ClusterClient } from '../../../broker/index.ts';
import { HarnessError } from '../../errors.ts';
import { monotonicNanos } from '../../measure/clock.ts';
import { closestRound, type Round } from './closest-round.ts';
import type { Replica, TopicReplicas } from './exposure.ts';

/** Below what a caller waits for an answer that has to come before a fault. */
const answerMsMax = 400;

interface NodeCopies {
  readonly node: number;
  readonly copies: readonly { readonly partition: number; readonly replica: Replica }[];
}

/** What every node says of its copies of the topic, asked at once; who is silent is left out. */
export async function askReplicas(cluster: ClusterClient, topic: string): Promise<TopicReplicas> {
  const untilMs = performance.now() + answerMsMax;
  const admin = new Admin(cluster);
  const { topicId, config, partitions } = await admin.describeTopic(topic);
  const nodes = [...new Set(partitions.flatMap(({ replicas }) => replicas))];
  const copiesOn = async (node: number): Promise<NodeCopies> => {
    const { groups } = await admin.describeNode(node);
    const own = groups.filter(({ groupId }) => Math.floor((groupId - 1) / 65_536) === topicId);
    const copies = own.map(({ groupId, ...status }) => {
      return { partition: (groupId - 1) % 65_536, replica: { node, ...status } };
    });
    return { node, copies };
  };
  const ask = (until: number): Promise<Round<NodeCopies>> =>
    round(
      () => nodes.map(copiesOn),
      (ms) => cluster.pause(ms),
      until,
    );
  const { answers, askedAtNanos } = await closestRound(ask, untilMs, () => performance.now());
  if (answers.length === 0)
    throw new HarnessError('cluster', `no node says what it holds of topic "${topic}"`);
  return {
    askedAtNanos,
    replication: config.replication,
    partitions: partitions.map(({ partition, replicas }) => ({
      placement: replicas,
      replicas: answers
        .flatMap(({ copies }) => copies)
        .filter((copy) => copy.partition === partition)
        .map(({ replica }) => replica),
    })),
  };
}

async function round<Answer>(
  ask: () => readonly Promise<Answer>[],
  pause: (ms: number) => Promise<void>,
  untilMs: number,
): Promise<Round<Answer>> {
  const askedAtNanos = monotonicNanos();
  const beganMs = performance.now();
  const answers: Answer[] = [];
  const heard = ask().map(async (answer) => void answers.push(await answer));
  let spanMs = Infinity;
  const all = Promise.allSettled(heard).then(() => void (spanMs = performance.now() - beganMs));
  await Promise.race([all, pause(Math.max(0, untilMs - beganMs))]);
  return { answers: [...answers], spanMs, askedAtNanos };
}
