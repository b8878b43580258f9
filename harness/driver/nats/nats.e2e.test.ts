import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { describeCluster } from '../../cluster/cluster.contract.ts';
import type { Session, TopicOptions } from '../driver.ts';
import { describeDriver } from '../driver.contract.ts';
import { checkBinary } from './binary.ts';
import { natsDriver } from './driver.ts';
import { newCluster, type StartedCluster } from './testing/start-cluster.ts';
import { isServerRequired, whyNoServer } from './testing/why-no-server.ts';

const missing = await whyNoServer();

const topic: TopicOptions = {
  partitions: 4,
  replicas: 3,
  flush: 'os',
  replication: 'quorum',
  flushIntervalMs: 100,
  segmentBytes: 1 << 20,
};

test('a nats-server can be started where that is required', () => {
  if (isServerRequired) expect(missing).toBeUndefined();
});

describe.skipIf(missing !== undefined)(`NATS${missing ? ` (skipped: ${missing})` : ''}`, () => {
  const closers: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0).toReversed()) await close();
  });

  function started(nodes: number, file?: string): StartedCluster {
    const one = newCluster(nodes, file);
    closers.push(one.close);
    return one;
  }

  describeCluster('NATS', () => Promise.resolve(newCluster(3)));

  describeDriver('nats', async () => {
    const { cluster, close } = newCluster(3);
    await cluster.up();
    const nodes = [1, 2, 3];
    return {
      driver: natsDriver(),
      target: (name) => cluster.target(name),
      topic,
      pause: async () => {
        await Promise.all(nodes.map((node) => cluster.pause(node)));
        return async () => void (await Promise.all(nodes.map((node) => cluster.resume(node))));
      },
      outageMs: 1500,
      patienceMs: 15_000,
      quietMs: 1000,
      stop: close,
    };
  });

  test('one server is a cluster, too, and says how it runs', async () => {
    const { cluster } = started(1);
    await cluster.up();
    const session = await opened(cluster.target('orders'));
    await session.createTopic({ ...topic, replicas: 1, replication: 'none' });
    const { version, config } = await session.describe();
    expect(version).toMatch(/^\d+\.\d+\.\d+/);
    expect(config).toMatchObject({
      servers: [{ node: 1, version, syncAlways: false, syncIntervalMs: 120_000 }],
      streams: 4,
      replicas: 1,
      storage: 'file',
    });
    expect(await session.roles()).toEqual({ leaders: [1, 1, 1, 1], coordinator: 1 });
  });

  test('a stream without a quorum is told of in one sentence', async () => {
    const { cluster } = started(3);
    await cluster.up();
    await cluster.kill(2);
    await cluster.kill(3);
    const session = await opened(cluster.target('orders'));
    await expect(session.createTopic(topic)).rejects.toThrow(
      /^stream "orders-\d" with 3 replicas has no quorum after 20000 ms: /,
    );
  });

  async function opened(target: ReturnType<StartedCluster['cluster']['target']>): Promise<Session> {
    const session = await natsDriver().connect(target);
    closers.push(() => session.close());
    return session;
  }
});

describe('a program that is no nats-server of today', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ackworth-binary-'));
  const file = join(folder, 'nats-server');

  afterEach(() => rmSync(file, { force: true }));

  function says(text: string, code = 0): void {
    writeFileSync(file, `#!/bin/sh\necho "${text}"\nexit ${code}\n`);
    chmodSync(file, 0o755);
  }

  test('is refused in one sentence, too old as it is', async () => {
    says('nats-server: v2.9.10');
    await expect(checkBinary(file)).rejects.toThrow(
      /is nats-server v2\.9\.10, and 2\.10 or later is needed/,
    );
  });

  test('is refused in one sentence when it is something else', async () => {
    says('redis 7');
    await expect(checkBinary(file)).rejects.toThrow(/is no nats-server: .* it says "redis 7"/);
    says('no such option', 2);
    await expect(checkBinary(file)).rejects.toThrow(/does not say its version/);
  });

  test('is taken when it is new enough', async () => {
    says('nats-server: v2.12.1');
    await expect(checkBinary(file)).resolves.toBeUndefined();
  });
});
