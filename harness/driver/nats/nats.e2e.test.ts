import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { describeCluster } from '../../cluster/cluster.contract.ts';
import type { ConsumerOptions, Session, TopicOptions } from '../driver.ts';
import { describeDriver } from '../driver.contract.ts';
import { collect } from '../fixture.contract.ts';
import { binaryVariable, checkBinary, findBinary } from './binary.ts';
import { loadUser } from './config.ts';
import { openConnection } from './connection.ts';
import { natsContained } from './contained.ts';
import { natsDriver } from './driver.ts';
import { examineNats } from './examine.ts';
import { SystemAccount } from './servers.ts';
import { newCluster, type StartedCluster } from './testing/start-cluster.ts';
import { isServerRequired, whyNoServer } from './testing/why-no-server.ts';

const missing = await whyNoServer();

const ignore = (): void => undefined;
const ofNobody: ConsumerOptions = {
  group: 'nobody',
  inFlightMax: 1,
  sessionTimeoutMs: 1000,
  onDelivery: ignore,
  onAssigned: ignore,
  onRevoked: ignore,
  onDiverged: ignore,
  onNote: ignore,
  onFailed: ignore,
};

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
    const roles = { leaders: [1, 1, 1, 1], coordinator: 1 };
    expect(await session.roles()).toEqual(roles);
    expect(await session.roles(['workers'])).toEqual({ ...roles, groupLeaders: [0, 0, 0, 0] });
    await joined(session, 'workers');
    expect(await session.roles(['workers'])).toEqual({ ...roles, groupLeaders: [1, 1, 1, 1] });
  });

  test('who leads a group is told anew when another server has come to lead it', async () => {
    const { cluster } = started(3);
    await cluster.up();
    const target = cluster.target('orders');
    const session = await opened(target);
    await session.createTopic({ ...topic, partitions: 1 });
    await joined(session, 'workers');
    const leader = async () => (await session.roles(['workers'])).groupLeaders?.[0] ?? 0;
    await expect.poll(leader, { timeout: 10_000 }).not.toBe(0);
    const before = await leader();
    const connection = await openConnection(target, loadUser);
    await connection.request('$JS.API.CONSUMER.LEADER.STEPDOWN.orders-0.workers');
    await connection.close();
    const isAnother = async () => ![0, before].includes(await leader());
    await expect.poll(isAnother, { timeout: 15_000 }).toBe(true);
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

  test('a topic that a session has not found is found once it is there', async () => {
    const { cluster } = started(1);
    await cluster.up();
    const session = await opened(cluster.target('orders'));
    await expect(session.createConsumer(ofNobody)).rejects.toThrow(/no stream of topic "orders"/);
    const other = await opened(cluster.target('orders'));
    await other.createTopic({ ...topic, replicas: 1, replication: 'none' });
    await (await session.createConsumer(ofNobody)).close();
  });

  test('whoever was told how many partitions there are can send where all are gone', async () => {
    const { cluster } = started(1);
    await cluster.up();
    const session = await opened({ ...cluster.target('orders'), partitions: 4 });
    const outcomes: string[] = [];
    const producer = await session.createProducer({
      inFlightMax: 1,
      lingerMs: 0,
      batchBytesMax: 1000,
      deliveryTimeoutMs: 500,
      idempotent: true,
      onDrain: ignore,
      onNote: ignore,
      onFailed: ignore,
    });
    producer.send({ key: 1, payload: Buffer.from('lost') }, (outcome) => outcomes.push(outcome));
    await producer.close();
    expect(outcomes).toEqual(['fail']);
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

  async function joined(session: Session, group: string): Promise<void> {
    const { consumer } = await collect(session, group);
    closers.push(() => consumer.close());
  }

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
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

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

  test('is refused by the command, which starts nothing, with exit code 1', () => {
    says('nats-server: v2.9.10');
    const { status, stderr } = spawnSync(
      process.execPath,
      [resolve('bin/ackworth.js'), 'run', 'steady', '--target', 'nats', '--seed', '1'],
      {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, NO_COLOR: '1', [binaryVariable]: file },
      },
    );
    expect(stderr).toMatch(
      /^steady, seed 1\nackworth: .*nats-server v2\.9\.10, and 2\.10\.23 or later is needed.*\n$/,
    );
    expect(status).toBe(1);
    expect(existsSync(join(folder, 'runs'))).toBe(false);
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

/** The server itself, on its configuration without what that says of JetStream. */
function withoutJetStream(server: string): string {
  const without = `sed -e '/^jetstream {/,/^}/d' -e 's/jetstream: enabled, //' "$2" >"$2.off"`;
  return `#!/bin/sh\n${without}\nexec '${server}' --config "$2.off"\n`;
}

describe('a server that does not serve', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ackworth-binary-'));
  const file = join(folder, 'nats-server');

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

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

  /** Of one that says where it was to listen, and these words, and ends; and where that was. */
  async function cameTo(words: string): Promise<{ message: string; listened: string[] }> {
    const { message, log } = await started(
      `#!/bin/sh\nsed -n 's/^listen:/[1] [INF] at/p' "$2" >&2\necho "[1] [FTL] ${words}" >&2\nexit 1\n`,
    );
    return { message, listened: log.split('\n').filter((line) => line.includes(' at "')) };
  }

  test('is told of in one sentence, with its own words', async () => {
    expect(await cameTo('JetStream storage directory could not be created')).toEqual({
      message:
        'node 1 did not start: node 1 was started and ended; its log says: ' +
        '[1] [FTL] JetStream storage directory could not be created',
      listened: [expect.stringMatching(/:\d+"$/)],
    });
  });

  test('is started at other ports when somebody has taken its own', async () => {
    const taken = 'Error listening on port: bind: address already in use';
    const { message, listened } = await cameTo(taken);
    expect(message).toContain(taken);
    expect(listened).toHaveLength(3);
    expect(new Set(listened).size, listened.join(', ')).toBe(3);
  });

  test('says so when its JetStream is off, with its own words on that', async () => {
    const { message } = await started(serverWithoutJetStream);
    expect(message).toBe(
      'node 1 cannot serve: its JetStream is off; its log says: ' +
        '[1] [ERR] JetStream out of resources, will be DISABLED',
    );
  });

  test.skipIf(missing !== undefined)(
    `says so of a real one without JetStream${missing ? ` (skipped: ${missing})` : ''}`,
    async () => {
      const { message, log } = await started(withoutJetStream(findBinary(undefined)));
      expect(message).toMatch(/^node 1 cannot serve: its JetStream is off; its log says: \[\d+\] /);
      expect(log).toContain('Server is ready');
    },
  );

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
