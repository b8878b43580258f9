import { describe, expect, test } from 'vitest';
import { createBatch } from '../protocol/batch.ts';
import { BatchBuilder, identifyBatch } from './batch-builder.ts';
import { ClusterClient } from './cluster.ts';
import { GroupConsumer, type GroupConsumerOptions } from './group-consumer.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

function put(fake: FakeCluster, partition: number, ...values: string[]): void {
  const builder = new BatchBuilder();
  for (const value of values) builder.append(undefined, Buffer.from(value));
  const batch = builder.finish(0);
  identifyBatch(batch, { producerId: 0, epoch: 0, baseSequence: 0 });
  fake.partitions[partition]!.produce(batch);
}

function clientOf(fake: FakeCluster): ClusterClient {
  return new ClusterClient({ env: fake.env, addresses: fake.addresses });
}

async function member(
  fake: FakeCluster,
  options: Partial<GroupConsumerOptions> & { readonly acks?: boolean } = {},
) {
  const seen: string[] = [];
  const said: string[] = [];
  const cluster = clientOf(fake);
  const holder: { consumer?: GroupConsumer } = {};
  const creating = GroupConsumer.create(cluster, {
    topic: 'orders',
    group: 'g',
    sessionTimeoutMs: 1000,
    inFlightMax: 100,
    onRecord: ({ partition, offset, value }) => {
      seen.push(`p${partition} ${offset} ${value.toString()}`);
      if (options.acks !== false) holder.consumer?.ack(partition, offset);
    },
    onAssigned: (list) => said.push(...list.map((p) => `assigned p${p.partition} @${p.offset}`)),
    onRevoked: (list) => said.push(`revoked ${list.map((p) => `p${p}`).join(' ')}`),
    onDiverged: (partition, offset) => said.push(`diverged p${partition} @${offset}`),
    onNote: (note) => said.push(note),
    ...options,
  });
  const consumer = await fake.until(creating);
  holder.consumer = consumer;
  return { consumer, cluster, seen, said };
}

describe('a member of a group', () => {
  test('reads its partitions in order from where the group is and commits its acks', async () => {
    const fake = new FakeCluster(2);
    put(fake, 0, 'a', 'b', 'c');
    put(fake, 1, 'x');
    const { consumer, seen, said } = await member(fake);
    await fake.pass(200);
    put(fake, 0, 'd');
    await fake.pass(100);
    expect(seen).toEqual(['p0 0 a', 'p0 1 b', 'p0 2 c', 'p1 0 x', 'p0 3 d']);
    await fake.until(consumer.close());
    expect(fake.partitions.map((p) => p.machine.cursor('g')?.offset)).toEqual([4, 1]);
    expect(said).toEqual(['assigned p0 @0', 'assigned p1 @0', 'revoked p0 p1']);
    expect(fake.system.group('g')?.members).toEqual([]);
  });

  test('goes on where the group left off', async () => {
    const fake = new FakeCluster(1);
    put(fake, 0, 'a', 'b', 'c');
    const first = await member(fake, { acks: false });
    await fake.pass(50);
    first.consumer.ack(0, 1);
    await fake.until(first.consumer.close());
    const second = await member(fake);
    await fake.pass(50);
    expect(second.seen).toEqual(['p0 2 c']);
    expect(second.said).toEqual(['assigned p0 @2']);
  });

  test('commits together what was acked within the interval', async () => {
    const fake = new FakeCluster(1);
    put(fake, 0, ...Array.from({ length: 50 }, (_, i) => `${i}`));
    await member(fake, { commitIntervalMs: 50 });
    await fake.pass(300);
    expect(fake.commits).toEqual(['p0 50']);
  });

  test('hands out no more than the window allows until something is acked', async () => {
    const fake = new FakeCluster(1);
    put(fake, 0, 'a', 'b', 'c', 'd', 'e');
    const { consumer, seen } = await member(fake, { inFlightMax: 2, acks: false });
    await fake.pass(100);
    expect(seen.length).toBe(2);
    consumer.ack(0, 0);
    await fake.pass(10);
    expect(seen).toEqual(['p0 0 a', 'p0 1 b', 'p0 2 c']);
    consumer.ack(0, 99);
    await fake.pass(10);
    expect(seen.length).toBe(5);
  });

  test('shares with a newcomer, and what was committed is not read twice', async () => {
    const fake = new FakeCluster(2);
    put(fake, 0, 'a');
    put(fake, 1, 'x');
    const first = await member(fake);
    await fake.pass(200);
    const second = await member(fake);
    put(fake, 0, 'b');
    put(fake, 1, 'y');
    await fake.pass(500);
    expect([...first.seen, ...second.seen].sort()).toEqual([
      'p0 0 a',
      'p0 1 b',
      'p1 0 x',
      'p1 1 y',
    ]);
    expect(first.said.slice(-3)).toEqual([
      'group "g": generation 1 ended: rebalancing',
      'revoked p0 p1',
      'assigned p0 @1',
    ]);
    expect(second.said).toEqual(['assigned p1 @1']);
  });

  test('takes over from a member that died, from its last commit', async () => {
    const fake = new FakeCluster(2);
    const first = await member(fake);
    const second = await member(fake, { acks: false });
    put(fake, 1, 'x', 'y');
    await fake.pass(500);
    expect(second.seen).toEqual(['p1 0 x', 'p1 1 y']);
    second.cluster.close();
    await fake.pass(3000);
    expect(first.seen.filter((line) => line.startsWith('p1'))).toEqual(['p1 0 x', 'p1 1 y']);
  });

  test('that is a zombie cannot move the cursor, and joins again as a new member', async () => {
    const fake = new FakeCluster(1);
    put(fake, 0, 'a', 'b');
    const zombie = await member(fake, { acks: false });
    await fake.pass(100);
    expect(zombie.seen.length).toBe(2);
    const client = clientOf(fake);
    const topic = await fake.until(client.topic('orders'));
    const request = { topicId: topic.topicId, partition: 0, group: 'g', generation: 7 };
    await fake.until(client.callLeader('openCursor', request, { timeoutMs: 1000 }));
    zombie.consumer.ack(0, 1);
    await fake.pass(100);
    expect(fake.partitions[0]!.machine.cursor('g')).toEqual({ generation: 7, offset: -1 });
    expect(zombie.said.slice(1, 3)).toEqual([
      'group "g": generation 1 ended: fenced',
      'revoked p0',
    ]);
  });

  test('joins as a stranger when the group has forgotten it', async () => {
    const fake = new FakeCluster(1);
    const { consumer, said } = await member(fake);
    await fake.pass(100);
    fake.coordinator.leave({ group: 'g', memberId: consumer.memberId });
    await fake.pass(1000);
    expect(said).toEqual([
      'assigned p0 @0',
      'group "g": generation 1 ended: unknown-member',
      'revoked p0',
      'assigned p0 @0',
    ]);
    expect(consumer.memberId).toBe('member-1-2');
  });
});

describe('a member and the leader of its partition', () => {
  test('follows it to another node', async () => {
    const fake = new FakeCluster(1);
    put(fake, 0, 'a');
    const { seen } = await member(fake);
    await fake.pass(100);
    fake.kill(1);
    fake.coordinatorNode = 2;
    fake.partitions[0]!.failOver(2);
    put(fake, 0, 'b');
    await fake.pass(500);
    expect(seen).toEqual(['p0 0 a', 'p0 1 b']);
    expect(fake.commits.at(-1)).toBe('p0 2');
  });

  test('leaves one that hangs', async () => {
    const fake = new FakeCluster(1);
    const { seen } = await member(fake);
    await fake.pass(100);
    fake.hang(1);
    fake.coordinatorNode = 2;
    fake.partitions[0]!.failOver(3);
    put(fake, 0, 'a');
    await fake.pass(3000);
    expect(seen).toEqual(['p0 0 a']);
  });

  test('goes back where the log was cut, reports it, and commits from there', async () => {
    const fake = new FakeCluster(1);
    put(fake, 0, 'a');
    const { seen, said } = await member(fake, { commitIntervalMs: 10 });
    await fake.pass(100);
    put(fake, 0, 'b', 'c');
    await fake.pass(5);
    // The commit of offset 3 never got into the log.
    fake.partitions[0]!.failOver(2, 1);
    put(fake, 0, 'B');
    await fake.pass(1000);
    expect(seen).toEqual(['p0 0 a', 'p0 1 b', 'p0 2 c', 'p0 1 B']);
    expect(said).toEqual(['assigned p0 @0', 'diverged p0 @1']);
    expect(fake.partitions[0]!.machine.cursor('g')?.offset).toBe(2);
  });

  test('finds a cut that reaches back over several terms', async () => {
    const fake = new FakeCluster(1);
    put(fake, 0, 'a');
    const { seen, said } = await member(fake, { acks: false });
    await fake.pass(50);
    fake.partitions[0]!.failOver(1);
    put(fake, 0, 'b');
    await fake.pass(50);
    fake.partitions[0]!.failOver(1);
    put(fake, 0, 'c');
    await fake.pass(50);
    fake.partitions[0]!.failOver(2, 2);
    put(fake, 0, 'B', 'C');
    await fake.pass(1000);
    expect(seen).toEqual(['p0 0 a', 'p0 1 b', 'p0 2 c', 'p0 1 B', 'p0 2 C']);
    expect(said.at(-1)).toBe('diverged p0 @1');
  });

  test('goes on at the start of a log that was shortened by retention, and says so', async () => {
    const fake = new FakeCluster(1);
    for (const value of ['a', 'b', 'c']) put(fake, 0, value);
    const first = await member(fake, { acks: false });
    await fake.pass(50);
    first.consumer.ack(0, 0);
    await fake.until(first.consumer.close());
    fake.partitions[0]!.dropBefore(2);
    const { seen, said } = await member(fake);
    await fake.pass(100);
    expect(seen).toEqual(['p0 2 c']);
    expect(said.at(-1)).toContain('the log begins at 2 now');
  });

  test('never hands out what arrives corrupt', async () => {
    const fake = new FakeCluster(1);
    const corrupt = createBatch({ kind: 1, recordCount: 1 }, Buffer.alloc(9));
    corrupt[70] = 0xff;
    put(fake, 0, 'a');
    fake.partitions[0]!.produce(corrupt);
    const { seen, said } = await member(fake);
    await fake.pass(500);
    expect(seen).toEqual(['p0 0 a']);
    expect(said.at(-1)).toContain('corrupt-batch');
  });
});

describe('a member and its coordinator', () => {
  test('keeps reading while there is none, and keeps its seat with the next', async () => {
    const fake = new FakeCluster(1);
    fake.partitions[0]!.leader = 2;
    const { consumer, seen, said } = await member(fake);
    await fake.pass(100);
    fake.kill(1);
    fake.coordinatorNode = 0;
    await fake.pass(700);
    put(fake, 0, 'a');
    await fake.pass(100);
    fake.coordinatorNode = 3;
    fake.coordinator.stop();
    fake.coordinator.start(2);
    await fake.pass(3000);
    expect(seen).toEqual(['p0 0 a']);
    expect(said).toEqual(['assigned p0 @0']);
    expect(consumer.generation).toBe(1);
  });

  test('closes in bounded time although no node answers', async () => {
    const fake = new FakeCluster(1);
    put(fake, 0, 'a');
    const { consumer } = await member(fake);
    for (const node of [1, 2, 3]) fake.kill(node);
    await fake.until(consumer.close(), 9000);
    expect(consumer.memberId).not.toBe('');
  });
});
