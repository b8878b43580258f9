import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { describeCluster } from '../../cluster/cluster.contract.ts';
import type { Session, TopicOptions } from '../driver.ts';
import { describeDriver } from '../driver.contract.ts';
import { binaryVariable, checkBinary } from './binary.ts';
import { natsContained } from './contained.ts';
import { natsDriver } from './driver.ts';
import { examineNats } from './examine.ts';
import { SystemAccount } from './servers.ts';
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
      kill: async (node) => {
        await cluster.kill(node);
        return async () => void (await cluster.start(node));
      },
      outageMs: 1500,
      // Longer than a lane is silent before it sends again, and than its connection lives.
      retryOutageMs: 3500,
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

  test('its servers are whole while all of them answer, and one leads them', async () => {
    const { cluster } = started(3);
    await cluster.up();
    const system = new SystemAccount(cluster.target('orders'));
    closers.push(() => system.close());
    await expect.poll(() => system.isWhole(), { timeout: 10_000 }).toBe(true);
    await cluster.kill(2);
    expect(await system.isWhole()).toBe(false);
    await cluster.kill(3);
    expect(await system.isWhole()).toBe(false);
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
      /is nats-server v2\.9\.10, and 2\.10\.23 or later is needed/,
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
    await expect(checkBinary(file)).resolves.toBe('2.12.1');
  });

  test('is what an image is made from, or that of its makers of the same version', async () => {
    const source = (named?: string) =>
      natsContained({
        topic: { flush: 'os', flushInterval: 100 },
        ...(named && { file: named }),
      }).source();
    vi.stubEnv('PATH', folder);
    vi.stubEnv(binaryVariable, '');
    const lacking = expect.stringMatching(/^there is no nats-server on the PATH/) as string;
    expect(await source()).toEqual({
      server: {
        name: 'nats-server',
        version: '2.12.1',
        official: 'nats:2.12.1',
        file: { lacking },
      },
    });
    vi.unstubAllEnvs();
    says('nats-server: v2.14.0');
    vi.stubEnv(binaryVariable, file);
    const found = { name: 'nats-server', version: '2.14.0', file: { path: file } };
    expect(await source()).toEqual({ server: { ...found, official: 'nats:2.14.0' } });
    // Another program in its place is in no image of theirs.
    expect(await source(file)).toEqual({ server: found });
    vi.stubEnv(binaryVariable, join(folder, 'gone'));
    await expect(source()).rejects.toThrow('which ACKWORTH_NATS_SERVER names');
    vi.unstubAllEnvs();
  });

  test('is what `ackworth doctor` tells of, with what to do', async () => {
    vi.stubEnv(binaryVariable, file);
    says('nats-server: v2.12.1');
    const found = `nats-server 2.12.1, ${file}`;
    expect(await examineNats()).toEqual({ state: 'good', found, advice: '' });
    says('nats-server: v2.9.10');
    expect(await examineNats()).toEqual({
      state: 'doubtful',
      found:
        'runs with --target nats only with --image, as long as ACKWORTH_NATS_SERVER names this file',
      advice: expect.stringContaining('2.10.23 or later is needed'),
    });
    says('nats-server: v2.12.1');
    vi.stubEnv('PATH', '/nowhere');
    expect((await examineNats()).advice).toContain('setpriv');
    vi.unstubAllEnvs();
  });
});

/** It listens where its configuration says, greets, and answers a ping. */
const serverWithoutJetStream = `#!${process.execPath}
const { readFileSync } = require('node:fs');
const config = readFileSync(process.argv[process.argv.indexOf('--config') + 1], 'utf8');
const [, host, port] = /listen: "(.*):(\\d+)"/.exec(config);
console.error('[1] [ERR] JetStream out of resources, will be DISABLED');
require('node:net')
  .createServer((socket) => {
    socket.on('error', () => {});
    socket.write('INFO {"server_name":"node-1","version":"2.12.1"}\\r\\n');
    socket.on('data', () => socket.write('PONG\\r\\n'));
  })
  .listen(Number(port), host);
`;

describe('a server that does not serve', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ackworth-binary-'));
  const file = join(folder, 'nats-server');

  /** What comes of a cluster of one such server, and what that wrote to its log. */
  async function started(
    program: string,
    startMsMax?: number,
  ): Promise<{ message: string; log: string }> {
    writeFileSync(file, program);
    chmodSync(file, 0o755);
    const options = startMsMax === undefined ? {} : { startMsMax };
    const { cluster, logDirectory, close } = newCluster(1, file, options);
    const message = await cluster.up().then(
      () => 'it started',
      (error: Error) => error.message,
    );
    const log = readFileSync(join(logDirectory, 'node-1.log'), 'utf8');
    await close();
    return { message, log };
  }

  /** Of one that says this, and ends; and how often it did. */
  async function cameTo(words: string): Promise<{ message: string; times: number }> {
    const { message, log } = await started(`#!/bin/sh\necho "[1] [FTL] ${words}" >&2\nexit 1\n`);
    return { message, times: log.split(words).length - 1 };
  }

  test('is told of in one sentence, with its own words', async () => {
    expect(await cameTo('JetStream storage directory could not be created')).toEqual({
      message:
        'node 1 did not start: node 1 was started and ended; its log says: ' +
        '[1] [FTL] JetStream storage directory could not be created',
      times: 1,
    });
  });

  test('is started at other ports when somebody has taken its own', async () => {
    const taken = 'Error listening on port: bind: address already in use';
    const { message, times } = await cameTo(taken);
    expect(message).toContain(taken);
    expect(times).toBe(3);
  });

  test('says so when its JetStream is off, with its own words on that', async () => {
    const { message } = await started(serverWithoutJetStream);
    expect(message).toBe(
      'node 1 cannot serve: its JetStream is off; its log says: ' +
        '[1] [ERR] JetStream out of resources, will be DISABLED',
    );
  });

  test('takes too long to start: one sentence says which node, how long, and its last words', async () => {
    const slow = (words: string) => `#!/bin/sh\n${words}\nexec sleep 60\n`;
    expect((await started(slow('echo "[1] [INF] Restored 7 messages"'), 1500)).message).toBe(
      'node 1 did not start: node 1 was started and does not answer after 1500 ms; ' +
        'its log says: [1] [INF] Restored 7 messages',
    );
    expect((await started(slow(''), 300)).message).toBe(
      'node 1 did not start: node 1 was started and does not answer after 300 ms; ' +
        'it has said nothing',
    );
  });
});
