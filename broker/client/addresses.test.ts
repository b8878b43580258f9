import { expect, test } from 'vitest';
import type { Network } from '../env/network.ts';
import { ClusterClient } from './cluster.ts';
import { Producer } from './producer.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

test('a client with addresses of its own never connects to the advertised ones', async () => {
  const fake = new FakeCluster(3);
  [1, 2, 3].forEach((leader, at) => (fake.partitions[at]!.leader = leader));
  const dialled = new Set<string>();
  const throughProxies: Network = {
    listen: () => fake.listen(),
    connect: (address, options) => {
      dialled.add(address);
      return fake.connect(address.replace('proxy', 'node'), options);
    },
  };
  const proxies = ['proxy:1', 'proxy:2', 'proxy:3'];
  const cluster = new ClusterClient({
    env: { ...fake.env, network: throughProxies },
    addresses: proxies,
    addressOf: (nodeId) => proxies[nodeId - 1]!,
  });
  const producing = Producer.create(cluster, {
    topic: 'orders',
    inFlightMax: 100,
    lingerMs: 0,
    batchBytesMax: 4096,
    deliveryTimeoutMs: 10_000,
    idempotent: true,
    onDrain: () => {},
    onNote: () => {},
  });
  const producer = await fake.until(producing);
  const outcomes: string[] = [];
  for (let n = 0; n < 30; n++) {
    producer.send(Buffer.from(`${n}`), Buffer.from('value'), (outcome) => outcomes.push(outcome));
  }
  await fake.pass(200);
  fake.kill(2);
  await fake.pass(1_000);
  fake.revive(2);
  await fake.until(producer.close());
  expect(outcomes).toEqual(Array.from({ length: 30 }, () => 'ok'));
  expect([...dialled].sort()).toEqual(proxies);
  cluster.close();
});
