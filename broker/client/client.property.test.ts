import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BrokerError } from '../errors.ts';
import { ClusterClient } from './cluster.ts';
import { GroupConsumer } from './group-consumer.ts';
import { Producer } from './producer.ts';
import { RecordReader } from './record-reader.ts';
import { FakeCluster } from './testing/fake-cluster.ts';

const node = fc.integer({ min: 1, max: 3 });
const is = <T extends string>(type: T) => fc.constant(type);
const from = (min: number, max: number) => fc.integer({ min, max });
const mishaps = fc.constantFrom('lose-answer', 'lose-request', 'overloaded', 'too-large');

const event = fc.oneof(
  { weight: 8, arbitrary: fc.record({ type: is('send'), count: from(1, 16) }) },
  { weight: 5, arbitrary: fc.record({ type: is('pass'), ms: from(1, 30) }) },
  { weight: 2, arbitrary: fc.record({ type: is('pass'), ms: from(100, 900) }) },
  { weight: 2, arbitrary: fc.record({ type: is('lead'), node, lost: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ type: is('lead'), node, lost: from(1, 3) }) },
  { weight: 1, arbitrary: fc.record({ type: is('kill'), node }) },
  { weight: 2, arbitrary: fc.record({ type: is('hang'), node }) },
  { weight: 2, arbitrary: fc.record({ type: is('revive'), node }) },
  { weight: 1, arbitrary: fc.record({ type: is('coordinate'), node }) },
  { weight: 4, arbitrary: fc.record({ type: is('mishap'), kind: mishaps, count: from(1, 8) }) },
);
type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** One producer and two members of a group, under whatever the events do to their cluster. */
class Trial {
  readonly fake = new FakeCluster(1);
  readonly outcomes = new Map<number, string>();
  readonly wrong: string[] = [];
  readonly delivered = new Set<string>();
  readonly cut = new Set<string>();
  producer!: Producer;
  consumers: GroupConsumer[] = [];
  #sent = 0;
  #cluster!: ClusterClient;

  async start(): Promise<void> {
    const { fake } = this;
    this.#cluster = new ClusterClient({ env: fake.env, addresses: fake.addresses });
    this.producer = await fake.until(
      Producer.create(this.#cluster, {
        topic: 'orders',
        inFlightMax: 500,
        lingerMs: 1,
        batchBytesMax: 90,
        deliveryTimeoutMs: 500,
        requestTimeoutMs: 300,
        idempotent: true,
      }),
    );
    for (const name of ['ann', 'bob']) {
      const holder: { consumer?: GroupConsumer } = {};
      const cluster = new ClusterClient({ env: fake.env, addresses: fake.addresses });
      let next = -1;
      const creating = GroupConsumer.create(cluster, {
        topic: 'orders',
        group: 'g',
        sessionTimeoutMs: 600,
        inFlightMax: 50,
        onAssigned: ([assigned]) => {
          next = assigned!.offset;
        },
        onDiverged: (_, offset) => {
          next = offset;
        },
        onRecord: ({ partition, offset, value }) => {
          if (offset !== next) this.wrong.push(`${name} got ${offset} instead of ${next}`);
          next = offset + 1;
          this.delivered.add(value.toString());
          holder.consumer!.ack(partition, offset);
        },
      });
      holder.consumer = await fake.until(creating);
      this.consumers.push(holder.consumer);
    }
  }

  async happen(event: Event): Promise<void> {
    const { fake } = this;
    const log = fake.partitions[0]!;
    switch (event.type) {
      case 'send':
        for (let left = event.count; left > 0; left--) this.#send();
        return;
      case 'pass':
        return fake.pass(event.ms);
      case 'lead': {
        const before = this.log();
        log.failOver(event.node, Math.min(event.lost, log.entries));
        for (const value of before.slice(log.endOffset)) this.cut.add(value);
        return;
      }
      case 'coordinate':
        fake.coordinatorNode = event.node;
        return;
      case 'mishap': {
        let left = event.count;
        fake.fate = (_, request) => {
          if (request.api !== 'produce' || left-- <= 0) return 'serve';
          const { kind } = event;
          if (kind === 'lose-answer' || kind === 'lose-request') return kind;
          return new BrokerError(kind === 'overloaded' ? kind : 'too-large', kind);
        };
        return;
      }
      default:
        fake[event.type](event.node);
    }
  }

  #send(): void {
    const message = this.#sent++;
    this.producer.send(undefined, Buffer.from(`m${message}`), (outcome, _, offset) => {
      if (this.outcomes.has(message)) this.wrong.push(`m${message} has two outcomes`);
      this.outcomes.set(message, `${outcome} ${offset}`);
    });
  }

  /** Everything works again; all must come to its end. */
  async settle(): Promise<void> {
    const { fake } = this;
    fake.fate = () => 'serve';
    for (const each of fake.nodes) fake.revive(each.id);
    await fake.pass(8000);
    this.#send();
    await fake.until(this.producer.close(), 3000);
    await fake.pass(3000);
    for (const consumer of this.consumers) await fake.until(consumer.close(), 9000);
  }

  log(): string[] {
    const batches = this.fake.partitions[0]!.read(0, 0, 1 << 30);
    const reader = new RecordReader({ batches, partition: 0, from: 0 });
    const values: string[] = [];
    for (let record = reader.read(); record !== undefined; record = reader.read()) {
      values.push(record.value.toString());
    }
    return values;
  }

  judge(): string[] {
    const { wrong } = this;
    const log = this.log();
    if (this.outcomes.size !== this.#sent) wrong.push('a message has no outcome');
    let last = -1;
    for (const value of log) {
      const number = Number(value.slice(1));
      if (number <= last) wrong.push(`${value} comes after m${last}: a copy or out of order`);
      last = number;
      if (!this.delivered.has(value)) wrong.push(`${value} was never delivered`);
    }
    const present = new Set(log);
    for (const [message, outcome] of this.outcomes) {
      const value = `m${message}`;
      if (outcome.startsWith('fail') && (present.has(value) || this.cut.has(value))) {
        wrong.push(`${value} failed and was appended`);
      }
      const acked = outcome.startsWith('ok') && !this.cut.has(value);
      if (acked && log[Number(outcome.slice(3))] !== value) {
        wrong.push(`${value} was acked (${outcome}) and is not there`);
      }
    }
    const cursor = this.fake.partitions[0]!.machine.cursor('g')?.offset;
    if (cursor !== log.length) wrong.push(`the cursor is at ${cursor} of ${log.length}`);
    if (!this.outcomes.get(this.#sent - 1)?.startsWith('ok')) wrong.push('it did not recover');
    return wrong;
  }
}

test('outcomes are true, order holds, nothing is missed, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 1, maxLength: 25 }), async (events) => {
      const trial = new Trial();
      await trial.start();
      for (const one of events) await trial.happen(one);
      await trial.settle();
      expect(trial.judge()).toEqual([]);
    }),
    { numRuns: 80, seed: 20 },
  );
}, 120_000);
