import { expect, test } from 'vitest';
import { createBatch } from '../protocol/batch.ts';
import { Admin } from './admin.ts';
import { BatchBuilder, identifyBatch } from './batch-builder.ts';
import { ClusterClient } from './cluster.ts';
import { readTopic } from './partition-reader.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

function put(fake: FakeCluster, partition: number, count: number): void {
  const builder = new BatchBuilder();
  for (let at = 0; at < count; at++) builder.append(Buffer.from('k'), Buffer.from(`v${at}`));
  const batch = builder.finish(0);
  identifyBatch(batch, { producerId: 0, epoch: 0, baseSequence: 0 });
  fake.partitions[partition]!.produce(batch);
}

function rig(partitions = 2) {
  const fake = new FakeCluster(partitions);
  const cluster = new ClusterClient({ env: fake.env, addresses: fake.addresses });
  const seen: string[] = [];
  const read = (node?: number) =>
    readTopic(cluster, {
      topic: 'orders',
      ...(node === undefined ? {} : { node }),
      stuckMs: 1000,
      onRecord: ({ partition, offset, key, value }) =>
        seen.push(`p${partition} ${offset} ${key?.toString()}=${value.toString()}`),
    });
  return { fake, cluster, seen, read };
}

test('reads every partition from its start to its end, through a change of leader', async () => {
  const { fake, seen, read } = rig();
  put(fake, 0, 2);
  put(fake, 1, 1);
  const reading = read();
  await fake.pass(4);
  fake.kill(1);
  for (const partition of fake.partitions) partition.failOver(2);
  expect(await fake.until(reading)).toEqual({
    partitions: [
      { startOffset: 0, endOffset: 2 },
      { startOffset: 0, endOffset: 1 },
    ],
  });
  expect(seen).toEqual(['p0 0 k=v0', 'p0 1 k=v1', 'p1 0 k=v0']);
});

test('reads the copy of the node that was asked for, whoever leads', async () => {
  const { fake, seen, read } = rig(1);
  put(fake, 0, 1);
  const asked: number[] = [];
  fake.fate = (node, request) => {
    if (request.api === 'fetch') asked.push(node);
    return 'serve';
  };
  await fake.until(read(3));
  expect(seen).toEqual(['p0 0 k=v0']);
  expect(asked).toEqual([3]);
});

test('tells where what it was given is corrupt, hands none of it out, and ends', async () => {
  const { fake, cluster, seen } = rig(2);
  put(fake, 0, 1);
  put(fake, 1, 2);
  const corrupt = createBatch({ kind: 1, recordCount: 1 }, Buffer.alloc(9));
  corrupt[70] = 0xff;
  fake.partitions[1]!.produce(corrupt);
  put(fake, 1, 1);
  const told: string[] = [];
  const reading = readTopic(cluster, {
    topic: 'orders',
    onRecord: ({ partition, offset }) => seen.push(`p${partition} ${offset}`),
    onCorrupt: (partition, offset) => told.push(`p${partition} ${offset}`),
  });
  await expect(fake.until(reading)).rejects.toMatchObject({ code: 'corrupt-batch' });
  expect(seen).toEqual(['p0 0', 'p1 0', 'p1 1']);
  expect(told).toEqual(['p1 2']);
});

test('ends soon when the client is closed under it, or was closed before', async () => {
  const { fake, cluster, read } = rig(1);
  put(fake, 0, 3);
  fake.fate = (_, request) => (request.api === 'fetch' ? 'lose-request' : 'serve');
  const reading = read();
  reading.catch(() => undefined);
  await fake.pass(100);
  cluster.close();
  await fake.pass(300);
  const closed = 'partition 0 was read to 0 of 3: the client was closed';
  await expect(Promise.race([reading, Promise.resolve('still reads')])).rejects.toThrow(closed);
  await expect(Promise.race([read(), fake.pass(1)])).rejects.toThrow('client is closed');
});

test('never passes a partial read off as a whole one', async () => {
  const { fake, read } = rig(1);
  put(fake, 0, 3);
  fake.fate = (_, request) => {
    if (request.api === 'fetch') fake.kill(1);
    return 'serve';
  };
  await expect(fake.until(read())).rejects.toThrow(/partition 0 was read to 0 of 3/);
});

test('rejects when the log shrinks below what was read already', async () => {
  const { fake, read } = rig(1);
  put(fake, 0, 2);
  put(fake, 0, 60_000);
  put(fake, 0, 60_000);
  const reading = read();
  let fetches = 0;
  fake.fate = (_, request) => {
    if (request.api === 'fetch' && ++fetches === 2) fake.partitions[0]!.failOver(1, 3);
    return 'serve';
  };
  await expect(fake.until(reading)).rejects.toThrow(/was cut at 0 meanwhile/);
});

test('gives up on a node that is gone, and says which', async () => {
  const { fake, read } = rig(1);
  put(fake, 0, 1);
  await fake.until(read());
  fake.kill(3);
  await expect(fake.until(read(3))).rejects.toThrow(/node:3/);
});

test('says of a partition that the node holds none of it, and asks that node nothing', async () => {
  const { fake, cluster, seen, read } = rig(1);
  const { config } = await fake.until(new Admin(cluster).describeTopic('orders'));
  await fake.until(new Admin(cluster).createTopic({ ...config, name: 'single', replicas: 1 }));
  const { partitions } = await fake.until(cluster.topic('single'));
  const [holder] = partitions[0]!.replicas;
  const other = [1, 2, 3].find((node) => node !== holder)!;
  fake.kill(other);
  const reading = readTopic(cluster, { topic: 'single', node: other, onRecord: () => {} });
  expect(await fake.until(reading)).toEqual({ partitions: [{ startOffset: -1, endOffset: -1 }] });
  put(fake, 0, 1);
  await fake.until(read(holder));
  expect(seen).toEqual(['p0 0 k=v0']);
});

test('creates a topic once and tells who leads it', async () => {
  const { fake, cluster } = rig(1);
  const admin = new Admin(cluster);
  const { config } = await fake.until(admin.describeTopic('orders'));
  fake.partitions[0]!.leader = 0;
  const creating = admin.createTopic({ ...config, name: 'bills' });
  await fake.pass(500);
  fake.partitions[0]!.failOver(2);
  expect((await fake.until(creating)).topicId).toBe(2);
  expect(await fake.until(admin.roles('bills'))).toEqual({ leaders: [2], coordinator: 1 });
  await expect(fake.until(admin.createTopic(config))).rejects.toMatchObject({
    code: 'topic-exists',
  });
});
