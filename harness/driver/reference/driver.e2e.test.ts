import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ProcessCluster } from '../../cluster/process/process-cluster.ts';
import { plainStorage } from '../../cluster/process/storage/plain.ts';
import { Supervisor } from '../../supervisor/supervisor.ts';
import type { Consumer, Outcome, Producer, Session, TopicOptions } from '../driver.ts';
import { describeDriver } from '../driver.contract.ts';
import type { DriverFixture } from '../fixture.contract.ts';
import { referenceDriver } from './driver.ts';
import { referenceProgram } from './program.ts';

const safe: TopicOptions = {
  partitions: 4,
  replicas: 3,
  flush: 'sync',
  replication: 'quorum',
  flushIntervalMs: 100,
  segmentBytes: 1 << 26,
};

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function startCluster(
  nodes: number,
): Promise<{ readonly nodes: ProcessCluster; close(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'ackworth-driver-'));
  const ignore = (): void => undefined;
  const supervisor = new Supervisor({ run: 'driver', directory, onExit: ignore, onLost: ignore });
  const started = new ProcessCluster({
    supervisor,
    nodes,
    program: referenceProgram(),
    storage: plainStorage((node) => join(directory, 'data', `node-${node}`)),
    logDirectory: join(directory, 'nodes'),
    token: 'secret',
  });
  await started.up();
  const close = async (): Promise<void> => {
    await supervisor.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { nodes: started, close };
}

async function cluster(nodes: number): Promise<ProcessCluster> {
  const started = await startCluster(nodes);
  closers.push(started.close);
  return started.nodes;
}

/** Three nodes keep the contract in `reference-driver.e2e.test.ts`. */
async function oneNode(): Promise<DriverFixture> {
  const { nodes, close } = await startCluster(1);
  return {
    driver: referenceDriver(),
    target: (topic) => nodes.target(topic),
    topic: { ...safe, replicas: 1, replication: 'none' },
    pause: async () => {
      await nodes.pause(1);
      return async () => void (await nodes.resume(1));
    },
    kill: async (node) => {
      await nodes.kill(node);
      return async () => void (await nodes.start(node));
    },
    outageMs: 1500,
    // Its client sends again after 5 s without an answer.
    retryOutageMs: 5500,
    patienceMs: 15_000,
    quietMs: 1500,
    stop: close,
  };
}

describeDriver('reference (one node)', oneNode);

async function session(of: ProcessCluster, topic = 'orders'): Promise<Session> {
  const opened = await referenceDriver().connect(of.target(topic));
  closers.push(() => opened.close());
  return opened;
}

interface Sent {
  readonly outcome: Outcome;
  readonly partition: number;
  readonly offset: number;
  readonly attempts: number;
}

/** Sends `count` messages a second until told to stop; message n has key n mod 50. */
class Flow {
  readonly outcomes = new Map<number, Sent>();
  sent = 0;
  #producer!: Producer;
  #timer: NodeJS.Timeout | undefined;

  async start(of: Session, perSecond: number): Promise<void> {
    this.#producer = await of.createProducer({
      inFlightMax: 10_000,
      lingerMs: 1,
      batchBytesMax: 65_536,
      deliveryTimeoutMs: 20_000,
      idempotent: true,
      onDrain: () => undefined,
      onNote: () => undefined,
      onFailed: () => undefined,
    });
    const startMs = performance.now();
    const from = this.sent;
    this.#timer = setInterval(() => {
      const due = from + Math.floor(((performance.now() - startMs) * perSecond) / 1000);
      while (this.sent < due && this.#send(this.sent)) this.sent++;
    }, 2);
  }

  #send(message: number): boolean {
    const payload = Buffer.alloc(100);
    payload.writeUInt32LE(message, 0);
    return this.#producer.send({ key: message % 50, payload }, (outcome, ...rest) => {
      const [partition, offset, attempts] = rest;
      this.outcomes.set(message, { outcome, partition, offset, attempts });
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#producer.close();
  }
}

async function logOf(of: Session, node?: number): Promise<string[]> {
  const records: string[] = [];
  await of.readAll({
    ...(node === undefined ? {} : { node }),
    onRecord: ({ payload, partition, offset }) =>
      records.push(`${partition}/${offset} ${payload.readUInt32LE(0)}`),
  });
  return records.sort();
}

function acked(flow: Flow): string[] {
  const places: string[] = [];
  for (const [message, { outcome, partition, offset }] of flow.outcomes) {
    if (outcome === 'ok') places.push(`${partition}/${offset} ${message}`);
  }
  return places.sort();
}

async function consume(of: Session, group: string) {
  const delivered: number[] = [];
  const notes: string[] = [];
  const holder: { consumer?: Consumer } = {};
  holder.consumer = await of.createConsumer({
    group,
    inFlightMax: 1000,
    sessionTimeoutMs: 1500,
    onDelivery: ({ payload, partition, offset }) => {
      delivered.push(payload.readUInt32LE(0));
      holder.consumer?.ack(partition, offset);
    },
    onAssigned: (list) => notes.push(...list.map((one) => `+${one.partition}@${one.offset}`)),
    onRevoked: (list) => notes.push(...list.map((one) => `-${one}`)),
    onDiverged: ({ partition, offset }) => notes.push(`diverged ${partition}@${offset}`),
    onNote: (note) => notes.push(note),
    onFailed: () => undefined,
  });
  return { consumer: holder.consumer, delivered, notes };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what: () => boolean, withinMs: number): Promise<void> {
  const endMs = performance.now() + withinMs;
  while (!what() && performance.now() < endMs) await pause(20);
}

describe('the reference driver', () => {
  test('against one node: acks say where it is, and the group gets it all once', async () => {
    const driven = await session(await cluster(1));
    await driven.createTopic({ ...safe, replicas: 1, replication: 'none' });
    const { version, config } = await driven.describe();
    expect(version).toMatch(/^\d/);
    expect(config).toMatchObject({ partitions: 4, flush: 'sync', replication: 'none' });
    const roles = { leaders: [1, 1, 1, 1], coordinator: 1 };
    expect(await driven.roles()).toEqual(roles);
    expect(await driven.roles(['g'])).toEqual({ ...roles, groupLeaders: [1] });
    const group = await consume(driven, 'g');
    const flow = new Flow();
    await flow.start(driven, 2000);
    await pause(1000);
    await flow.stop();
    expect(flow.sent).toBeGreaterThan(1000);
    expect(acked(flow).length).toBe(flow.sent);
    expect(await logOf(driven)).toEqual(acked(flow));
    await until(() => group.delivered.length >= flow.sent, 5000);
    expect(group.delivered.length).toBe(flow.sent);
    expect(new Set(group.delivered).size).toBe(flow.sent);
    await group.consumer.close();
    const again = await consume(driven, 'g');
    await pause(500);
    expect(again.delivered).toEqual([]);
    await again.consumer.close();
  });

  test('against three nodes: a killed leader loses, doubles and reorders nothing', async () => {
    const nodes = await cluster(3);
    const driven = await session(nodes);
    await driven.createTopic(safe);
    const [one, two] = [await consume(driven, 'g'), await consume(await session(nodes), 'g')];
    const flow = new Flow();
    await flow.start(driven, 2000);
    await pause(1500);
    const { leaders } = await driven.roles();
    const victim = leaders[0]!;
    await nodes.kill(victim);
    const led = (leader: number): boolean => leader !== 0 && leader !== victim;
    const isLedAgain = async (): Promise<void> =>
      expect((await driven.roles()).leaders.every(led)).toBe(true);
    await vi.waitFor(isLedAgain, { timeout: 20_000, interval: 100 });
    await nodes.start(victim);
    await pause(1500);
    await flow.stop();
    const notAcked = [...flow.outcomes.values()].filter(({ outcome }) => outcome !== 'ok');
    expect(notAcked).toEqual([]);
    const log = await logOf(driven);
    expect(log).toEqual(acked(flow));
    for (const node of [1, 2, 3]) expect(await logOf(driven, node)).toEqual(log);
    const delivered = (): number => new Set([...one.delivered, ...two.delivered]).size;
    await until(() => delivered() >= flow.sent, 10_000);
    expect(delivered()).toBe(flow.sent);
    await one.consumer.close();
    await two.consumer.close();
  });

  test('tells what a fault would put at stake, with a follower down', async () => {
    const nodes = await cluster(3);
    const driven = await session(nodes);
    await driven.createTopic({ ...safe, partitions: 1, flush: 'os', replication: 'async' });
    const leader = (await driven.roles()).leaders[0]!;
    const [down, other] = [1, 2, 3].filter((node) => node !== leader) as [number, number];
    await nodes.kill(down);
    const flow = new Flow();
    await flow.start(driven, 500);
    await pause(400);
    await flow.stop();
    const messages = acked(flow).length;
    expect(messages).toBeGreaterThan(50);
    const at = async (failing: number[], loses: 'all' | 'unsynced'): Promise<number> =>
      (await driven.exposure!(failing, loses)).byPartition[0]!;
    // The ack does not wait for the follower that is left.
    await vi.waitUntil(async () => (await at([], 'all')) === 0, { timeout: 10_000 });
    expect(await at([leader], 'all')).toBe(messages);
    expect(await at([other], 'unsynced')).toBe(messages);
    await nodes.start(down);
    await vi.waitUntil(async () => (await at([leader], 'all')) === 0, { timeout: 10_000 });
    expect(await at([leader], 'unsynced')).toBe(0);
    expect(await at([1, 2, 3], 'unsynced')).toBeGreaterThan(0);
    expect((await driven.exposure!([], 'all')).syncMsMax).toBeGreaterThanOrEqual(0);
  });
});
