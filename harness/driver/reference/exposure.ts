import type { Exposure } from '../driver.ts';

/** One node's copy of a partition, as that node describes it. */
export interface Replica {
  readonly node: number;
  readonly role: string;
  readonly term: number;
  readonly highWatermark: number;
  readonly logEndOffset: number;
  readonly syncedOffset: number;
  readonly persistedOffset: number;
  readonly syncMsMax: number;
}

/** A topic as its nodes describe it; a node that did not answer is not among `replicas`. */
export interface TopicReplicas {
  /** Before anyone was asked, in history time. */
  readonly askedAtNanos: number;
  readonly replication: 'none' | 'async' | 'quorum';
  /** Index = partition. */
  readonly partitions: readonly {
    readonly placement: readonly number[];
    readonly replicas: readonly Replica[];
  }[];
}

interface Loss {
  readonly failing: readonly number[];
  readonly loses: 'all' | 'unsynced';
}

/** How many acked messages would be on no majority of their replicas after the loss. */
export function exposureOf(
  { replication, partitions, askedAtNanos }: TopicReplicas,
  loss: Loss,
): Exposure {
  let syncMsMax = 0;
  const silent = new Set<number>();
  const byPartition = partitions.map(({ placement, replicas }) => {
    const retained = placement.map((node) => {
      const replica = replicas.find((each) => each.node === node);
      if (replica === undefined) silent.add(node);
      return replica === undefined ? 0 : retainedBy(replica, loss);
    });
    for (const replica of replicas) syncMsMax = Math.max(syncMsMax, replica.syncMsMax);
    return Math.max(0, ackedOf(replicas, replication) - onMajority(retained));
  });
  return { byPartition, silent: [...silent].sort((a, b) => a - b), syncMsMax, askedAtNanos };
}

function retainedBy(replica: Replica, { failing, loses }: Loss): number {
  if (!failing.includes(replica.node)) return replica.logEndOffset;
  return loses === 'all' ? 0 : replica.syncedOffset;
}

/** Acked by whoever led last: what is committed, and in the other modes what that one persisted. */
function ackedOf(replicas: readonly Replica[], replication: TopicReplicas['replication']): number {
  let acked = 0;
  for (const { highWatermark } of replicas) acked = Math.max(acked, highWatermark);
  if (replication === 'quorum') return acked;
  const leaders = replicas.filter(({ role }) => role === 'leader');
  const leader = leaders.sort((left, right) => right.term - left.term)[0];
  return leader === undefined ? acked : Math.max(acked, leader.persistedOffset);
}

function onMajority(retained: readonly number[]): number {
  const majority = Math.floor(retained.length / 2) + 1;
  return [...retained].sort((left, right) => right - left)[majority - 1] ?? 0;
}
