import { describe, expect, test } from 'vitest';
import { BrokerError } from '../errors.ts';
import type { AnyRequest } from '../protocol/messages.ts';
import { ClusterClient } from './cluster.ts';
import { partitionOfKey } from './partitioner.ts';
import { Producer, type ProducerOptions } from './producer.ts';
import { RecordReader } from './record-reader.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

const usual: ProducerOptions = {
  topic: 'orders',
  inFlightMax: 1000,
  lingerMs: 1,
  batchBytesMax: 400,
  deliveryTimeoutMs: 5000,
  idempotent: true,
};

async function rig(options: Partial<ProducerOptions> = {}, fake = new FakeCluster()) {
  const cluster = new ClusterClient({ env: fake.env, addresses: fake.addresses });
  const notes: string[] = [];
  const outcomes: string[] = [];
  const onNote = (note: string) => void notes.push(note);
  const creating = Producer.create(cluster, { ...usual, onNote, ...options });
  const producer = await fake.until(creating);
  let next = 0;
  const send = (key: string | undefined = 'k'): boolean => {
    const name = `m${next}`;
    const taken = producer.send(
      key === undefined ? undefined : Buffer.from(key),
      Buffer.from(name.padEnd(100)),
      (outcome, _partition, offset, attempts, code) => {
        const error = code === undefined ? '' : ` ${code}`;
        outcomes.push(`${name} ${outcome} ${offset} x${attempts}${error}`);
      },
    );
    if (taken) next++;
    return taken;
  };
  return { fake, cluster, producer, notes, outcomes, send };
}

function stored(fake: FakeCluster, partition = 0): string[] {
  const log = fake.partitions[partition]!;
  const batches = log.read(log.startOffset, 0, 1 << 30);
  const reader = new RecordReader({ batches, partition, from: log.startOffset });
  const values: string[] = [];
  for (let r = reader.read(); r !== undefined; r = reader.read()) {
    values.push(`${r.offset} ${r.value.toString().trim()}`);
  }
  return values;
}

const isProduce = (request: AnyRequest): boolean => request.api === 'produce';

describe('a producer', () => {
  test('gathers messages into batches and reports where each one went', async () => {
    const { fake, producer, outcomes, send } = await rig();
    for (let i = 0; i < 4; i++) send();
    expect(outcomes).toEqual([]);
    await fake.until(producer.close());
    expect(fake.produced).toEqual(['1 p0 0/0+3', '1 p0 0/3+1']);
    expect(outcomes).toEqual(['m0 ok 0 x1', 'm1 ok 1 x1', 'm2 ok 2 x1', 'm3 ok 3 x1']);
    expect(stored(fake)).toEqual(['0 m0', '1 m1', '2 m2', '3 m3']);
  });

  test('never has more than five batches of a partition in flight', async () => {
    const { fake, send } = await rig();
    fake.hang(1);
    for (let i = 0; i < 30; i++) send();
    await fake.pass(100);
    expect(fake.nodes[0]!.held.length).toBe(5);
  });

  test('shuts its window, says so, and opens it again outside of send and done', async () => {
    let drains = 0;
    const { fake, send, outcomes } = await rig({ inFlightMax: 2, onDrain: () => void drains++ });
    expect([send(), send(), send(), send()]).toEqual([true, true, false, false]);
    expect(drains).toBe(0);
    await fake.pass(20);
    expect(drains).toBe(1);
    expect(outcomes.length).toBe(2);
    expect(send()).toBe(true);
  });

  test('places a key by FNV-1a, always alike', () => {
    const places = ['a', 'b', 'c', 'key-17', ''].map((key) => partitionOfKey(Buffer.from(key), 8));
    // FNV-1a of "a" is 0xe40c292c by its authors' own test suite; folded 0xe40ccd20, modulo 8 is 0.
    expect(places).toEqual([0, 1, 6, 1, 1]);
    const spread = [0, 0, 0, 0];
    for (let i = 0; i < 1000; i++) {
      const key = Buffer.alloc(4);
      key.writeUInt32LE(i);
      spread[partitionOfKey(key, 4)]!++;
    }
    expect(Math.min(...spread)).toBeGreaterThan(200);
  });

  test('refuses a message that no broker takes, and only that one', async () => {
    const { fake, producer, outcomes, send } = await rig();
    const big = Buffer.alloc((1 << 20) + 1);
    const done = (outcome: string, ...rest: unknown[]) => void outcomes.push(`${outcome} ${rest}`);
    expect(producer.send(undefined, big, done)).toBe(true);
    expect(outcomes).toEqual([]);
    send();
    await fake.pass(20);
    expect(outcomes).toEqual(['fail -1,-1,0,too-large', 'm0 ok 0 x1']);
  });
});

describe('a producer whose answer is lost', () => {
  test('sends the same batch again and gets the answer of the first copy', async () => {
    const { fake, send, outcomes, notes } = await rig();
    let lost = 0;
    fake.fate = (_, request) => (isProduce(request) && lost++ === 0 ? 'lose-answer' : 'serve');
    for (let i = 0; i < 6; i++) send();
    await fake.pass(300);
    expect(stored(fake).map((line) => line.split(' ')[1])).toEqual([
      'm0',
      'm1',
      'm2',
      'm3',
      'm4',
      'm5',
    ]);
    expect(outcomes.map((line) => line.slice(0, 7))).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => `m${i} ok ${i}`),
    );
    expect(outcomes[0]).toBe('m0 ok 0 x2');
    expect(notes).toEqual([]);
  });

  test('without idempotence it may be in the log twice, and the attempts say so', async () => {
    const { fake, send, outcomes } = await rig({ idempotent: false });
    let lost = 0;
    fake.fate = (_, request) => (isProduce(request) && lost++ === 0 ? 'lose-answer' : 'serve');
    send();
    await fake.pass(300);
    send();
    await fake.pass(300);
    expect(stored(fake)).toEqual(['0 m0', '1 m0', '2 m1']);
    expect(outcomes).toEqual(['m0 ok 1 x2', 'm1 ok 2 x1']);
  });
});

describe('a producer and its leader', () => {
  test('follows the leader to another node without loss, copy or change of order', async () => {
    const { fake, send, outcomes } = await rig();
    for (let i = 0; i < 12; i++) send();
    await fake.pass(3);
    fake.kill(1);
    fake.coordinatorNode = 2;
    for (let i = 0; i < 6; i++) send();
    await fake.pass(100);
    fake.partitions[0]!.failOver(2);
    await fake.pass(500);
    expect(stored(fake)).toEqual(Array.from({ length: 18 }, (_, i) => `${i} m${i}`));
    expect(outcomes.map((line) => line.split(' x')[0])).toEqual(
      Array.from({ length: 18 }, (_, i) => `m${i} ok ${i}`),
    );
  });

  test('leaves a leader that hangs as soon as there is another one', async () => {
    const { fake, send, outcomes, notes } = await rig();
    send();
    await fake.pass(20);
    fake.hang(1);
    send();
    await fake.pass(100);
    fake.partitions[0]!.failOver(3);
    await fake.pass(900);
    expect(outcomes).toEqual(['m0 ok 0 x1', 'm1 ok 1 x2']);
    expect(notes).toEqual(['partition 0: leader is node 3 now']);
    fake.revive(1);
    await fake.pass(100);
    expect(stored(fake)).toEqual(['0 m0', '1 m1']);
  });

  test('waits out an overload and keeps the order', async () => {
    const { fake, send, outcomes, notes } = await rig();
    let left = 3;
    fake.fate = (_, request) =>
      isProduce(request) && left-- > 0 ? new BrokerError('overloaded', 'full') : 'serve';
    for (let i = 0; i < 6; i++) send();
    await fake.pass(500);
    expect(stored(fake).map((line) => line.split(' ')[1])).toEqual([
      'm0',
      'm1',
      'm2',
      'm3',
      'm4',
      'm5',
    ]);
    expect(outcomes.length).toBe(6);
    expect(notes).toEqual([]);
  });

  test('raises its epoch after a legal loss and sends only what was not acked', async () => {
    const { fake, send, outcomes, notes } = await rig();
    for (let i = 0; i < 4; i++) {
      send();
      await fake.pass(10);
    }
    fake.hang(1);
    send();
    await fake.pass(10);
    fake.coordinatorNode = 2;
    fake.partitions[0]!.failOver(2, 2);
    await fake.pass(2000);
    send();
    await fake.pass(100);
    expect(stored(fake)).toEqual(['0 m0', '1 m1', '2 m4', '3 m5']);
    expect(outcomes).toEqual([
      'm0 ok 0 x1',
      'm1 ok 1 x1',
      'm2 ok 2 x1',
      'm3 ok 3 x1',
      'm4 ok 2 x3',
      'm5 ok 3 x1',
    ]);
    expect(notes).toEqual([
      'partition 0: leader is node 2 now',
      'partition 0: sequence gap: 3 was acked, the leader knows 1; raising the epoch',
      'partition 0: epoch 1 of producer 1',
    ]);
  });

  test('starts again at sequence 0 in the new epoch, which fences the old one', async () => {
    const { fake, send } = await rig();
    send();
    await fake.pass(10);
    send();
    await fake.pass(10);
    fake.partitions[0]!.failOver(2, 1);
    send();
    await fake.pass(500);
    expect(fake.produced.slice(2)).toEqual(['1 p0 0/2+1', '2 p0 0/2+1', '2 p0 1/0+1']);
  });
});

describe('a producer out of time', () => {
  test('calls a batch unknown when it was sent, and failed when it never was', async () => {
    const { fake, send, outcomes, notes } = await rig({ deliveryTimeoutMs: 1000 });
    fake.hang(1);
    for (let i = 0; i < 18; i++) send();
    await fake.pass(1200);
    expect(outcomes.slice(0, 15).every((line) => /info -1 x1 timed-out/.test(line))).toBe(true);
    expect(outcomes.slice(15)).toEqual([15, 16, 17].map((i) => `m${i} fail -1 x0 timed-out`));
    expect(notes[0]).toBe('partition 0: a batch timed out; raising the epoch');
  });

  test('goes on under a new epoch, so that what it gave up on cannot come after', async () => {
    const { fake, send, outcomes, notes } = await rig({ deliveryTimeoutMs: 1000 });
    fake.hang(1);
    send();
    await fake.pass(1200);
    fake.coordinatorNode = 2;
    fake.partitions[0]!.failOver(2);
    send();
    await fake.pass(1000);
    fake.partitions[0]!.leader = 1;
    fake.revive(1);
    await fake.pass(100);
    expect(stored(fake)).toEqual(['0 m1']);
    expect(outcomes).toEqual(['m0 info -1 x1 timed-out', 'm1 ok 0 x1']);
    expect(notes.at(-1)).toBe('partition 0: epoch 1 of producer 1');
  });

  test('never sends under the new epoch what may be in the log under the old one', async () => {
    const { fake, send, outcomes } = await rig({ deliveryTimeoutMs: 1000 });
    fake.hang(1);
    send();
    await fake.pass(500);
    send();
    await fake.pass(600);
    // Both are appended now, and the node dies before it can say so.
    fake.revive(1);
    fake.kill(1);
    fake.coordinatorNode = 2;
    fake.partitions[0]!.failOver(2);
    await fake.pass(200);
    send();
    await fake.pass(500);
    expect(stored(fake)).toEqual(['0 m0', '1 m1', '2 m2']);
    expect(outcomes).toEqual([
      'm0 info -1 x1 timed-out',
      'm1 info -1 x1 connection-lost',
      'm2 ok 2 x1',
    ]);
  });

  test('closes within its delivery time-out although nobody answers', async () => {
    const { fake, producer, send, outcomes } = await rig({ deliveryTimeoutMs: 1000 });
    for (const node of [1, 2, 3]) fake.kill(node);
    send();
    await fake.until(producer.close(), 1200);
    expect(outcomes.length).toBe(1);
  });

  test('gives up on a connection that never answers and tries another', async () => {
    const { fake, send, outcomes } = await rig({ requestTimeoutMs: 800 });
    let swallowed = 0;
    send();
    await fake.pass(20);
    fake.hang(1);
    send();
    await fake.pass(50);
    swallowed = fake.nodes[0]!.held.length;
    fake.nodes[0]!.held = [];
    fake.nodes[0]!.state = 'up';
    await fake.pass(1500);
    expect(swallowed).toBe(1);
    expect(outcomes).toEqual(['m0 ok 0 x1', 'm1 ok 1 x2']);
  });
});

describe('a producer that is refused', () => {
  test('fails a batch that a node will never take, and goes on with the next', async () => {
    const { fake, send, outcomes, notes } = await rig();
    let refused = 0;
    fake.fate = (_, request) =>
      isProduce(request) && refused++ === 0 ? new BrokerError('too-large', 'too large') : 'serve';
    send();
    await fake.pass(50);
    send();
    await fake.pass(50);
    expect(outcomes).toEqual(['m0 fail -1 x1 too-large', 'm1 ok 0 x1']);
    expect(notes[0]).toContain('a batch was refused (too-large)');
  });

  test('does not call a batch failed that may have got there on an earlier try', async () => {
    const { fake, send, outcomes } = await rig();
    let tries = 0;
    fake.fate = (_, request) => {
      if (!isProduce(request)) return 'serve';
      tries++;
      return tries === 1 ? 'lose-answer' : new BrokerError('too-large', 'too large');
    };
    send();
    await fake.pass(300);
    expect(outcomes).toEqual(['m0 info -1 x2 too-large']);
  });

  test('takes a new epoch when its own was fenced', async () => {
    const { fake, cluster, send, outcomes } = await rig();
    send();
    await fake.pass(20);
    const rival = await fake.until(
      cluster.callCoordinator('initProducer', { producerId: 1 }, { timeoutMs: 1000 }),
    );
    const other = await fake.until(Producer.create(cluster, usual));
    expect(rival.epoch).toBe(1);
    fake.fate = (_, request) => {
      if (!isProduce(request) || fake.produced.length > 1) return 'serve';
      fake.produced.push('fenced');
      return new BrokerError('stale-epoch', 'stale');
    };
    send();
    await fake.pass(100);
    expect(outcomes).toEqual(['m0 ok 0 x1', 'm1 ok 1 x2']);
    expect(fake.produced.at(-1)).toBe('1 p0 2/0+1');
    await fake.until(other.close());
  });
});
