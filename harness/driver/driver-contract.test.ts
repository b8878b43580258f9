import { crc32 } from 'node:zlib';
import { describe, expect, test } from 'vitest';

import { HarnessError } from '../errors.ts';
import { driverChecks } from './checks.contract.ts';
import { describeDriver, findingsOf } from './driver.contract.ts';
import type {
  Consumer,
  ConsumerOptions,
  Done,
  OutgoingMessage,
  Producer,
  ProducerOptions,
  Session,
} from './driver.ts';
import type { DriverFixture } from './fixture.contract.ts';
import { memoryFixture } from './memory-broker.contract.ts';

describeDriver('in-memory', async () => memoryFixture());

type Change = (session: Session) => Partial<Session>;

function broken(change: Change): DriverFixture {
  const fixture = memoryFixture();
  return {
    ...fixture,
    driver: {
      ...fixture.driver,
      connect: async (target) => {
        const session = await fixture.driver.connect(target);
        return { ...session, ...change(session) };
      },
    },
  };
}

/** Changes how a producer sends; the rest of it is right. */
function sending(
  send: (
    inner: Producer,
    message: OutgoingMessage,
    done: Done,
    options: ProducerOptions,
  ) => boolean,
): Change {
  return (session) => ({
    createProducer: async (options) => {
      const inner = await session.createProducer(options);
      return {
        send: (message, done) => send(inner, message, done, options),
        close: () => inner.close(),
      };
    },
  });
}

function consuming(
  change: (inner: Consumer) => Partial<Consumer>,
  options: (given: ConsumerOptions) => ConsumerOptions = (given) => given,
): Change {
  return (session) => ({
    createConsumer: async (given) => {
      const inner = await session.createConsumer(options(given));
      return { ...inner, ...change(inner) };
    },
  });
}

function refuse(error: Error): never {
  throw error;
}

const shared = Buffer.alloc(32_768);

/** Each wrong driver, and words of the title of a check that must find it. */
const wrongDrivers: readonly [name: string, found: string, Change][] = [
  [
    'acks before the broker did',
    "an ack is the broker's own",
    sending((inner, message, done) => {
      setImmediate(() => done('ok', 0, 0, 1, undefined));
      return inner.send(message, () => undefined);
    }),
  ],
  [
    'calls a time-out a success',
    "an ack is the broker's own",
    sending((inner, message, done) => inner.send(message, (_, ...rest) => done('ok', ...rest))),
  ],
  [
    'calls a time-out a certain failure',
    "an ack is the broker's own",
    sending((inner, message, done) =>
      inner.send(message, (outcome, ...rest) =>
        done(outcome === 'info' ? 'fail' : outcome, ...rest),
      ),
    ),
  ],
  [
    'swallows a time-out',
    "an ack is the broker's own",
    sending((inner, message, done) =>
      inner.send(message, (outcome, ...rest) => {
        if (outcome !== 'info') done(outcome, ...rest);
      }),
    ),
  ],
  [
    'puts all payloads into one buffer',
    'a delivered payload is the one that was sent',
    sending((inner, { key, payload }, done) => {
      payload.copy(shared);
      const bytes = payload.length;
      setImmediate(() => inner.send({ key, payload: shared.subarray(0, bytes) }, done));
      return true;
    }),
  ],
  [
    'sends the payload after it has given it back',
    'a delivered payload is the one that was sent',
    sending((inner, { key, payload }, done) => {
      setImmediate(() => done('ok', 0, 0, 1, undefined));
      setTimeout(() => inner.send({ key, payload }, () => undefined), 20);
      return true;
    }),
  ],
  [
    'writes into the payload',
    'byte for byte',
    sending((inner, message, done) => {
      const taken = inner.send(message, done);
      if (taken) message.payload.writeUInt32LE(7, 8);
      return taken;
    }),
  ],
  [
    'takes payloads for text',
    'byte for byte',
    sending((inner, { key, payload }, done) =>
      inner.send({ key, payload: Buffer.from(payload.toString('utf8')) }, done),
    ),
  ],
  [
    'writes its own time of sending into what the load made',
    'the time at which a message was due',
    sending((inner, { key, payload }, done) => {
      const stamped = Buffer.from(payload);
      stamped.writeDoubleLE(performance.now(), 32);
      stamped.writeUInt32LE(crc32(stamped.subarray(8)), 4);
      return inner.send({ key, payload: stamped }, done);
    }),
  ],
  [
    'tells an outcome twice',
    'exactly once',
    sending((inner, message, done) =>
      inner.send(message, (...outcome) => {
        done(...outcome);
        setImmediate(() => done(...outcome));
      }),
    ),
  ],
  [
    'tells an outcome from inside send',
    'exactly once',
    sending((inner, message, done) => {
      done('ok', 0, 0, 1, undefined);
      return inner.send(message, () => undefined);
    }),
  ],
  [
    'closes without waiting for outcomes',
    'exactly once',
    (session) => ({
      createProducer: async (options) => {
        const inner = await session.createProducer(options);
        return { send: (message, done) => inner.send(message, done), close: async () => undefined };
      },
    }),
  ],
  [
    'takes any number of messages into its own queue',
    'a full window is told',
    (session) => ({
      createProducer: (options) => session.createProducer({ ...options, inFlightMax: 1e9 }),
    }),
  ],
  [
    'never says that there is room again',
    'a full window is told',
    (session) => ({
      createProducer: (options) => session.createProducer({ ...options, onDrain: () => undefined }),
    }),
  ],
  [
    'names the position before the right one',
    'acks and deliveries carry positions',
    sending((inner, message, done) =>
      inner.send(message, (outcome, partition, offset, ...rest) =>
        done(outcome, partition, offset + 1, ...rest),
      ),
    ),
  ],
  [
    'delivers every two messages in turned order',
    'order is kept',
    consuming(
      () => ({}),
      (given) => {
        let held: Parameters<ConsumerOptions['onDelivery']>[0] | undefined;
        return {
          ...given,
          onDelivery: (delivery) => {
            if (held === undefined) held = { ...delivery, payload: Buffer.from(delivery.payload) };
            else {
              given.onDelivery(delivery);
              given.onDelivery(held);
              held = undefined;
            }
          },
        };
      },
    ),
  ],
  [
    'never acks what was consumed',
    "a consumer's ack is the broker's to keep",
    consuming(() => ({ ack: () => undefined })),
  ],
  [
    'acks by itself on delivery',
    'what a consumer did not ack',
    (session) => ({
      createConsumer: async (given) => {
        const inner: Consumer = await session.createConsumer({
          ...given,
          onDelivery: (delivery) => {
            given.onDelivery(delivery);
            const { partition, offset } = delivery;
            setImmediate(() => inner.ack(partition, offset));
          },
        });
        return inner;
      },
    }),
  ],
  [
    'passes off half a topic as the whole',
    'a read of the whole topic is complete',
    (session) => ({
      readAll: (options) => {
        let count = 0;
        return session.readAll({
          onRecord: (record) => (count++ < 250 ? options.onRecord(record) : undefined),
        });
      },
    }),
  ],
  [
    'resolves a read that cannot reach the broker',
    'a read that cannot reach the end',
    (session) => ({
      readAll: (options) =>
        Promise.race([
          session.readAll(options),
          new Promise<{ partitions: [] }>((resolve) => setTimeout(resolve, 50, { partitions: [] })),
        ]),
    }),
  ],
  [
    'takes back what it cannot give again',
    'a delivery that is given back',
    consuming(() => ({ nack: () => undefined })),
  ],
  [
    'fails by a mistake of its own where it should refuse',
    'a delivery that is given back',
    consuming(() => ({ nack: () => refuse(new TypeError('nack is not a function')) })),
  ],
  [
    'refuses without a sentence',
    'a delivery that is given back',
    consuming(() => ({ nack: () => refuse(new HarnessError('usage', 'unsupported')) })),
  ],
  [
    'gives all groups one cursor',
    'every group sees every message',
    (session) => ({
      createConsumer: (given) => session.createConsumer({ ...given, group: 'all' }),
    }),
  ],
  [
    'gives each member everything',
    'members of a group share',
    (session) => {
      let members = 0;
      return {
        createConsumer: (given) =>
          session.createConsumer({ ...given, group: `${given.group}-${members++}` }),
      };
    },
  ],
  [
    'retries without idempotence',
    'retries of an idempotent producer',
    sending((inner, message, done, { idempotent }) => {
      const taken = inner.send(message, done);
      if (taken && idempotent) inner.send(message, () => undefined);
      return taken;
    }),
  ],
  [
    'never sends again',
    'retries of an idempotent producer',
    (session) => ({
      createProducer: (options) => session.createProducer({ ...options, idempotent: false }),
    }),
  ],
  [
    'does not ask what it runs on',
    'the session tells',
    () => ({ describe: async () => ({ version: '', config: {} }) }),
  ],
  [
    'gives up at the first answer that does not come',
    'a leader that goes away',
    (session) => {
      let isLost = false;
      return sending((inner, message, done) => {
        if (isLost) {
          setImmediate(() => done('info', -1, -1, 1, 'connection-lost'));
          return true;
        }
        return inner.send(message, (outcome, partition, offset, attempts, code) => {
          isLost ||= outcome !== 'ok' || attempts > 1;
          done(outcome, partition, offset, attempts, code);
        });
      })(session);
    },
  ],
  [
    'calls what was under way to a lost leader a certain failure',
    'a leader that goes away',
    sending((inner, message, done) =>
      inner.send(message, (outcome, partition, offset, attempts, code) =>
        done(attempts > 1 ? 'fail' : outcome, partition, offset, attempts, code),
      ),
    ),
  ],
];

describe('the contract finds a driver that', () => {
  test.each(wrongDrivers)('%s', async (_name, found, change) => {
    const check = driverChecks.find(({ title }) => title.includes(found))!;
    expect(await findingsOf(check, broken(change), 'topic')).not.toEqual([]);
  });

  test("reads for one replica what it does not declare to be that replica's", async () => {
    const check = driverChecks.find(({ title }) => title.startsWith('every replica'))!;
    const fixture = broken(() => ({}));
    const capabilities = { ...fixture.driver.capabilities, readEachReplica: false };
    const undeclared = { ...fixture, driver: { ...fixture.driver, capabilities } };
    expect(await findingsOf(check, undeclared, 'topic')).not.toEqual([]);
  });

  test('fails by a mistake of its own where it should refuse to read one replica', async () => {
    const check = driverChecks.find(({ title }) => title.startsWith('every replica'))!;
    const read = async (error: Error): Promise<string[]> => {
      const fixture = broken(() => ({ readAll: () => Promise.reject(error) }));
      const capabilities = { ...fixture.driver.capabilities, readEachReplica: false };
      const undeclared = { ...fixture, driver: { ...fixture.driver, capabilities } };
      return findingsOf(check, undeclared, 'topic');
    };
    expect(await read(new TypeError('node is not a function'))).not.toEqual([]);
    expect(await read(new Error('the connection to the broker was lost'))).not.toEqual([]);
    const sentence = 'nobody can read the copy of a single node';
    expect(await read(new HarnessError('usage', sentence))).toEqual([]);
  });

  test('declares a replica read that misses messages', async () => {
    const check = driverChecks.find(({ title }) => title.startsWith('every replica'))!;
    const fixture = broken((session) => ({
      readAll: (options) =>
        options.node === undefined ? session.readAll(options) : Promise.resolve({ partitions: [] }),
    }));
    expect(await findingsOf(check, fixture, 'topic')).not.toEqual([]);
  });
});
