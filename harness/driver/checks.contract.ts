// Above 400 lines: a list, one entry for each thing owed, to be read from top to bottom.
import { HarnessError } from '../errors.ts';
import { PayloadReader, PayloadWriter } from '../load/payload.ts';
import type { Done, Session } from './driver.ts';
import {
  collect,
  eventually,
  openSender,
  pass,
  payloadOf,
  producerDefaults,
  readTopic,
  sendAll,
} from './fixture.contract.ts';
import type { DriverFixture, Received, Sent } from './fixture.contract.ts';

/**
 * One thing that every driver owes the harness. `check` answers with what it found wrong, in
 * sentences; nothing found means kept. `skip` says why it does not apply.
 */
export interface DriverCheck {
  readonly title: string;
  skip(fixture: DriverFixture): string | undefined;
  check(fixture: DriverFixture, session: Session): Promise<string[]>;
}

const always = () => undefined;
const needsPause = (fixture: DriverFixture) =>
  fixture.pause === undefined ? 'this fixture cannot pause its broker' : undefined;
const needsRetry = (fixture: DriverFixture) =>
  fixture.retryOutageMs === undefined
    ? 'no pause of this fixture is long enough for a message to be sent again'
    : undefined;
const needsKill = (fixture: DriverFixture) =>
  fixture.kill === undefined ? 'this fixture cannot kill a node' : undefined;
const needs =
  (capability: 'positions' | 'replayable' | 'groups' | 'competingConsumers' | 'idempotence') =>
  (fixture: DriverFixture) =>
    fixture.driver.capabilities[capability]
      ? undefined
      : `the driver does not declare ${capability}`;
const reasons =
  (...of: ((fixture: DriverFixture) => string | undefined)[]) =>
  (fixture: DriverFixture) =>
    of.map((reason) => reason(fixture)).find((reason) => reason !== undefined);

function messages(count: number, keys = 8, bytes = 100): { key: number; payload: Buffer }[] {
  return Array.from({ length: count }, (_, index) => ({
    key: index % keys,
    payload: payloadOf(index, bytes),
  }));
}

function notOk(sent: readonly Sent[], expected: number): string[] {
  const ok = sent.filter(({ outcome }) => outcome === 'ok').length;
  return ok === expected
    ? []
    : [`of ${expected} messages to a healthy broker only ${ok} were acked`];
}

/** What is in one list of payloads and not in the other, and the other way round. */
function compared(what: string, expected: readonly string[], found: readonly string[]): string[] {
  const findings: string[] = [];
  const missing = expected.filter((payload) => !found.includes(payload)).length;
  const foreign = found.filter((payload) => !expected.includes(payload)).length;
  if (missing > 0)
    findings.push(
      `${missing} of ${expected.length} acked messages are missing from ${what}, or were changed`,
    );
  if (foreign > 0) findings.push(`${foreign} messages in ${what} were never sent like that`);
  if (found.length - foreign > expected.length - missing)
    findings.push(`${what} holds messages twice`);
  return findings;
}

const payloadsOf = (list: readonly { readonly payload: string }[]) =>
  list.map(({ payload }) => payload);

/** What is wrong with how something was refused that is not declared: a person has to see why. */
function unlikeRefusal(what: string, error: unknown): string[] {
  if (!(error instanceof HarnessError) || error.code !== 'usage')
    return [`${what} was not refused as a mistake of the user: ${String(error)}`];
  return /^\S+( \S+){3,}$/.test(error.message)
    ? []
    : [`${what} was refused with no sentence: "${error.message}"`];
}

/** What is wrong with a topic that is to hold all that was acked, and that once where `once`. */
async function unlikeAcked(
  session: Session,
  sent: readonly Sent[],
  once: boolean,
): Promise<string[]> {
  const acked = payloadsOf(sent.filter(({ outcome }) => outcome === 'ok'));
  const found = payloadsOf(await readTopic(session));
  const findings: string[] = [];
  const lost = acked.filter((payload) => !found.includes(payload)).length;
  if (lost > 0) findings.push(`${lost} acked messages are not in the topic`);
  if (once && new Set(found).size < found.length) findings.push('the topic holds messages twice');
  return findings;
}

/** Who leads the first partition, once somebody does; 0 when nobody does within the time. */
async function leaderOfFirst(session: Session, patienceMs: number): Promise<number> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const { leaders } = await session.roles();
    if (leaders[0] || performance.now() > until) return leaders[0] ?? 0;
    await pass(50);
  }
}

export const driverChecks: readonly DriverCheck[] = [
  {
    title:
      "an ack is the broker's own: none comes while it is paused, and a time-out is reported as unknown",
    skip: needsPause,
    check: async (fixture, session) => {
      const findings = notOk(await sendAll(fixture, session, messages(4)), 4);
      const resume = await fixture.pause!();
      try {
        const deliveryTimeoutMs = fixture.outageMs;
        const sent = await sendAll(fixture, session, messages(4), { deliveryTimeoutMs });
        if (sent.length < 4) findings.push(`${4 - sent.length} messages never got an outcome`);
        for (const { outcome } of sent) {
          if (outcome === 'ok') findings.push('a message was acked while the broker was paused');
          if (outcome === 'fail')
            findings.push(
              'a message that may have had an effect was reported as failed for certain',
            );
        }
      } finally {
        await resume();
      }
      return [...new Set(findings)];
    },
  },
  {
    title: 'what was acked can be read by someone else, byte for byte, of whatever bytes and size',
    skip: needs('replayable'),
    check: async (fixture, session) => {
      const sizes = [64, 255, 256, 1024, 20_000];
      const various = sizes.flatMap((bytes, size) =>
        [0, 1, 2].map((n) => ({ key: n, payload: payloadOf(size * 3 + n, bytes) })),
      );
      various.push(
        { key: 0, payload: Buffer.alloc(100, 0x00) },
        { key: 1, payload: Buffer.alloc(100, 0xff) },
      );
      const sent = await sendAll(fixture, session, various);
      const findings = notOk(sent, various.length);
      if (sent.some(({ payload }) => payload === 'changed by the driver')) {
        findings.push('the driver changed a payload while it owned it');
      }
      const expected = various.map(({ payload }) => payload.toString('hex'));
      return [
        ...findings,
        ...compared('the topic', expected, payloadsOf(await readTopic(session))),
      ];
    },
  },
  {
    title:
      'a delivered payload is the one that was sent, although its buffer was used again after the ack',
    skip: always,
    check: async (fixture, session) => {
      const { received, consumer } = await collect(session, 'readers', (_, ack) => ack());
      const sent = await sendAll(fixture, session, messages(200));
      const findings = notOk(sent, 200);
      await eventually(fixture.patienceMs, () => received.length >= 200);
      await consumer.close();
      return [
        ...findings,
        ...compared(
          'the deliveries',
          messages(200).map(({ payload }) => payload.toString('hex')),
          payloadsOf(received),
        ),
      ];
    },
  },
  {
    title: 'the time at which a message was due travels in its payload, as the load wrote it',
    skip: always,
    check: async (fixture, session) => {
      const run = 'contract';
      const writer = new PayloadWriter({ run, producer: 1, sizeBytes: 100, seed: 5 });
      const dueAt = (sequence: number): number => 1e15 + sequence * 1_000_003;
      const load = Array.from({ length: 40 }, (_, sequence) => {
        const slot = writer.slot();
        writer.write(slot, sequence, sequence % 8, dueAt(sequence));
        return { key: sequence % 8, payload: slot.payload };
      });
      const { received, consumer } = await collect(session, 'readers', (_, ack) => ack());
      const findings = new Set(notOk(await sendAll(fixture, session, load), 40));
      await eventually(fixture.patienceMs, () => received.length >= 40);
      await consumer.close();
      const reader = new PayloadReader(run);
      const told = new Set<number>();
      for (const { payload } of received) {
        reader.read(Buffer.from(payload, 'hex'));
        const { sequence, intended, intact, foreign } = reader;
        if (!intact || foreign) findings.add('a delivered payload is not as the load wrote it');
        else if (intended !== dueAt(sequence))
          findings.add('a delivery tells another time than its message was due at');
        told.add(sequence);
      }
      if (told.size < 40) findings.add(`only ${told.size} of 40 times arrived`);
      return [...findings];
    },
  },
  {
    title:
      'an outcome is told exactly once, never from inside send, and all are known when close returns',
    skip: always,
    check: async (_fixture, session) => {
      const findings = new Set<string>();
      const told: number[] = [];
      let inside = false;
      const producer = await session.createProducer({
        ...producerDefaults,
        inFlightMax: 100,
        onDrain: () => undefined,
      });
      let accepted = 0;
      for (let index = 0; index < 100; index++) {
        const done: Done = () => {
          if (inside) findings.add('an outcome was told from inside send');
          told[index] = (told[index] ?? 0) + 1;
        };
        inside = true;
        if (producer.send({ key: index, payload: payloadOf(index) }, done)) accepted++;
        else told[index] = (told[index] ?? 0) + 1;
        inside = false;
      }
      await producer.close();
      const known = told.filter((count) => count > 0).length;
      if (known < 100)
        findings.add(`close returned with ${100 - known} of ${accepted} outcomes unknown`);
      await pass(50);
      if (told.some((count) => count > 1))
        findings.add('an outcome was told twice, or told of a message that was refused');
      return [...findings];
    },
  },
  {
    title: 'a full window is told to the caller, and so is its having room again',
    skip: always,
    check: async (fixture, session) => {
      const findings: string[] = [];
      const inFlightMax = 8;
      let drained = 0;
      const producer = await session.createProducer({
        ...producerDefaults,
        inFlightMax,
        onDrain: () => void drained++,
      });
      let accepted = 0;
      const outcomes: string[] = [];
      const offer = () =>
        producer.send(
          { key: 0, payload: payloadOf(accepted) },
          (outcome) => void outcomes.push(outcome),
        );
      while (accepted <= inFlightMax && offer()) accepted++;
      if (accepted > inFlightMax)
        findings.push(`more than ${inFlightMax} messages were taken at once`);
      if (accepted === 0) findings.push('not one message was taken');
      if (accepted <= inFlightMax && !(await eventually(fixture.patienceMs, () => drained > 0))) {
        findings.push('after a refusal onDrain never came');
      }
      if (drained > 0 && !offer()) findings.push('a message was refused right after onDrain');
      await producer.close();
      return findings;
    },
  },
  {
    title: 'acks and deliveries carry positions exactly where they are declared',
    skip: always,
    check: async (fixture, session) => {
      const { driver, patienceMs, topic } = fixture;
      const { positions, denseOffsets, replayable } = driver.capabilities;
      const { received, consumer } = await collect(session, 'readers', (_, ack) => ack());
      const sent = await sendAll(fixture, session, messages(60));
      await eventually(patienceMs, () => received.length >= 60);
      await consumer.close();
      const findings = new Set(notOk(sent, 60));
      if (!positions) {
        if (sent.some(({ partition, offset }) => partition !== -1 || offset !== -1)) {
          findings.add('acks carry positions although none are declared');
        }
        return [...findings];
      }
      const placeOf = ({ partition, offset }: Received | Sent) => `${partition}@${offset}`;
      const acked = new Map(sent.map((each) => [placeOf(each), each.payload]));
      if (acked.size !== sent.length) findings.add('two acks name one position');
      for (const { partition, offset } of sent) {
        if (!(partition >= 0 && partition < topic.partitions && offset >= 0))
          findings.add('an ack has no position');
      }
      for (const each of received) {
        if (acked.get(placeOf(each)) !== each.payload)
          findings.add('a delivery names another position than its ack did');
      }
      if (replayable) {
        const records = await readTopic(session);
        for (const each of records) {
          if (acked.get(placeOf(each)) !== each.payload)
            findings.add('a record is read from another position than its ack named');
        }
        if (denseOffsets && !isDense(records))
          findings.add('offsets are not dense although that is declared');
      }
      return [...findings];
    },
  },
  {
    title: 'order is kept within the declared scope',
    skip: ({ driver }) =>
      driver.capabilities.orderScope === 'none' ? 'the driver declares no order' : undefined,
    check: async (fixture, session) => {
      const { driver, patienceMs } = fixture;
      const { received, consumer } = await collect(session, 'readers', (_, ack) => ack());
      const sent = await sendAll(fixture, session, messages(300, 5));
      await eventually(patienceMs, () => received.length >= 300);
      await consumer.close();
      const indexOf = new Map(sent.map(({ payload, index }) => [payload, index]));
      const scope = driver.capabilities.orderScope;
      const last = new Map<number, number>();
      for (const { payload, partition } of received) {
        const index = indexOf.get(payload) ?? -1;
        const lane = scope === 'queue' ? 0 : scope === 'partition' ? partition : index % 5;
        if (index < (last.get(lane) ?? -1)) return [`messages of one ${scope} came out of order`];
        last.set(lane, index);
      }
      const partitions = new Map<number, number>();
      for (const { key, partition } of sent) {
        if ((partitions.get(key) ?? partition) !== partition)
          return ['one key went to two partitions'];
        partitions.set(key, partition);
      }
      return [];
    },
  },
  {
    title:
      "a consumer's ack is the broker's to keep: the next consumer of the group goes on after it",
    skip: ({ driver }) =>
      driver.capabilities.groups || driver.capabilities.competingConsumers
        ? undefined
        : 'the driver has no groups',
    check: async (fixture, session) => {
      const { patienceMs, quietMs } = fixture;
      const findings = notOk(await sendAll(fixture, session, messages(40)), 40);
      const first = await collect(session, 'workers', (_, ack) => ack());
      await eventually(patienceMs, () => first.received.length >= 40);
      if (first.received.length < 40)
        findings.push(`only ${first.received.length} of 40 messages were delivered`);
      await first.consumer.close();
      const second = await collect(session, 'workers', (_, ack) => ack());
      const more = await sendAll(fixture, session, messages(60).slice(40));
      await eventually(patienceMs, () => second.received.length >= 20);
      await pass(quietMs);
      await second.consumer.close();
      const again = new Set(payloadsOf(first.received));
      const redelivered = second.received.filter(({ payload }) => again.has(payload)).length;
      if (redelivered > 0)
        findings.push(`${redelivered} acked messages were delivered again to the next consumer`);
      const fresh = second.received.filter(({ payload }) => !again.has(payload));
      return [
        ...findings,
        ...compared('the deliveries after the first consumer', payloadsOf(more), payloadsOf(fresh)),
      ];
    },
  },
  {
    title: 'what a consumer did not ack is delivered to the next one',
    skip: ({ driver }) =>
      driver.capabilities.groups || driver.capabilities.competingConsumers
        ? undefined
        : 'the driver has no groups',
    check: async (fixture, session) => {
      const { patienceMs, quietMs } = fixture;
      const findings = notOk(await sendAll(fixture, session, messages(30)), 30);
      const first = await collect(session, 'workers');
      await eventually(patienceMs, () => first.received.length >= 30);
      await pass(quietMs);
      await first.consumer.close();
      const second = await collect(session, 'workers', (_, ack) => ack());
      await eventually(patienceMs, () => second.received.length >= 30);
      await second.consumer.close();
      const missing = payloadsOf(first.received).filter(
        (payload) => !payloadsOf(second.received).includes(payload),
      );
      if (missing.length > 0)
        findings.push(`${missing.length} messages that nobody acked were not delivered again`);
      return findings;
    },
  },
  {
    title:
      'a read of the whole topic is complete, can be repeated after consumption, and tells its ends',
    skip: needs('replayable'),
    check: async (fixture, session) => {
      const { driver, patienceMs } = fixture;
      const { received, consumer } = await collect(session, 'readers', (_, ack) => ack());
      const sent = await sendAll(fixture, session, messages(500));
      await eventually(patienceMs, () => received.length >= 500);
      await consumer.close();
      const expected = payloadsOf(sent);
      const findings = notOk(sent, 500);
      for (const pass of ['the first read', 'the second read']) {
        findings.push(...compared(pass, expected, payloadsOf(await readTopic(session))));
      }
      let count = 0;
      const { partitions } = await session.readAll({ onRecord: () => void count++ });
      const span = partitions.reduce(
        (sum, { startOffset, endOffset }) => sum + endOffset - startOffset,
        0,
      );
      if (driver.capabilities.denseOffsets && span !== count) {
        findings.push(
          `the ends of the partitions span ${span} offsets, but ${count} records were read`,
        );
      }
      return findings;
    },
  },
  {
    title: 'a read that cannot reach the end is refused, never passed off as whole',
    skip: reasons(needs('replayable'), needsPause),
    check: async (fixture, session) => {
      await sendAll(fixture, session, messages(200));
      const resume = await fixture.pause!();
      let outcome = 'pending';
      const read = readTopic(session).then(
        (records) => {
          outcome = `resolved with ${records.length} records`;
        },
        () => {
          outcome = 'rejected';
        },
      );
      await pass(fixture.outageMs);
      const paused = outcome;
      await resume();
      await Promise.race([read, pass(fixture.patienceMs)]);
      // Having waited for the broker and read it all is as good as having refused.
      if (paused.startsWith('resolved')) return [`a read of a paused broker ${paused}`];
      return outcome.startsWith('resolved') && outcome !== 'resolved with 200 records'
        ? [`a read across a pause ${outcome}`]
        : [];
    },
  },
  {
    title: 'every replica can be read by itself where that is declared, and is refused elsewhere',
    skip: needs('replayable'),
    check: async (fixture, session) => {
      if (!fixture.driver.capabilities.readEachReplica) {
        const read = readTopic(session, 1).then(() => [
          'the copy of a node was read although that is not declared',
        ]);
        return read.catch((error) => unlikeRefusal('a read of the copy of a node', error));
      }
      const sent = await sendAll(fixture, session, messages(50));
      const findings = notOk(sent, 50);
      const nodes = fixture.target('any').addresses.length;
      for (let node = 1; node <= Math.min(nodes, fixture.topic.replicas); node++) {
        const until = performance.now() + fixture.patienceMs;
        let left: string[];
        do {
          left = compared(
            `the copy of node ${node}`,
            payloadsOf(sent),
            payloadsOf(await readTopic(session, node)),
          );
        } while (left.length > 0 && performance.now() < until);
        findings.push(...left);
      }
      return findings;
    },
  },
  {
    title: 'every group sees every message, as declared',
    skip: needs('groups'),
    check: async (fixture, session) => {
      const { patienceMs } = fixture;
      const groups = await Promise.all(
        ['a', 'b'].map((group) => collect(session, group, (_, ack) => ack())),
      );
      const sent = await sendAll(fixture, session, messages(40));
      await eventually(patienceMs, () => groups.every(({ received }) => received.length >= 40));
      const findings = notOk(sent, 40);
      for (const { received, consumer } of groups) {
        findings.push(
          ...compared('the deliveries of one group', payloadsOf(sent), payloadsOf(received)),
        );
        await consumer.close();
      }
      return findings;
    },
  },
  {
    title: 'members of a group share its messages, each going to one of them',
    skip: ({ driver }) =>
      driver.capabilities.groups || driver.capabilities.competingConsumers
        ? undefined
        : 'the driver has no groups',
    check: async (fixture, session) => {
      const { patienceMs, quietMs } = fixture;
      const members = await Promise.all(
        [1, 2].map(() => collect(session, 'workers', (_, ack) => ack())),
      );
      // A group settles before it is given work: a rebalance may legally repeat deliveries.
      await pass(quietMs);
      const sent = await sendAll(fixture, session, messages(80, 40));
      await eventually(
        patienceMs,
        () => members.reduce((sum, { received }) => sum + received.length, 0) >= 80,
      );
      await pass(quietMs);
      const findings = notOk(sent, 80);
      findings.push(
        ...compared(
          'the deliveries of the group',
          payloadsOf(sent),
          members.flatMap(({ received }) => payloadsOf(received)),
        ),
      );
      for (const { consumer } of members) await consumer.close();
      return findings;
    },
  },
  {
    title:
      'a delivery that is given back comes again where members compete, and is refused elsewhere',
    skip: ({ driver }) =>
      driver.capabilities.groups || driver.capabilities.competingConsumers
        ? undefined
        : 'the driver has no groups',
    check: async (fixture, session) => {
      const { driver, patienceMs } = fixture;
      const findings = notOk(await sendAll(fixture, session, messages(1)), 1);
      const { received, consumer } = await collect(session, 'workers');
      await eventually(patienceMs, () => received.length >= 1);
      const { partition, offset } = received[0] ?? { partition: 0, offset: 0 };
      let refused = false;
      let refusal: unknown;
      try {
        consumer.nack(partition, offset);
      } catch (error) {
        refused = true;
        refusal = error;
      }
      if (driver.capabilities.competingConsumers) {
        if (refused) findings.push('giving back was refused although that is declared');
        else if (!(await eventually(patienceMs, () => received.length >= 2)))
          findings.push('what was given back did not come again');
      } else if (!refused) findings.push('giving back was taken although that is not declared');
      else findings.push(...unlikeRefusal('giving back', refusal));
      consumer.ack(partition, offset);
      await consumer.close();
      return findings;
    },
  },
  {
    title: 'retries of an idempotent producer leave no message twice',
    skip: reasons(needs('idempotence'), needs('replayable'), needsPause, needsRetry),
    check: async (fixture, session) => {
      const { retryOutageMs = 0, patienceMs } = fixture;
      const sender = await openSender(fixture, session, {
        idempotent: true,
        inFlightMax: 16,
        deliveryTimeoutMs: retryOutageMs + 2 * patienceMs,
      });
      const all = messages(336);
      // While a topic is new a client may try again although nothing is paused.
      const first = await sender.send(all.slice(320));
      const before = sender.send(all.slice(0, 300));
      await pass(20);
      const resume = await fixture.pause!();
      // However fast the broker was, these find it paused.
      const during = sender.send(all.slice(300, 320));
      await pass(retryOutageMs);
      await resume();
      const across = [...(await before), ...(await during)];
      await sender.close();
      const findings = await unlikeAcked(session, [...first, ...across], true);
      if (!across.some(({ attempts }) => attempts > 1))
        findings.push('no outcome tells of a second attempt, so that no retry was tested');
      return findings;
    },
  },
  {
    title:
      'a leader that goes away and comes back is followed: nothing acked is lost, and all is acked again',
    skip: reasons(needs('replayable'), needsKill),
    check: async (fixture, session) => {
      const { driver, patienceMs, topic } = fixture;
      const { idempotence } = driver.capabilities;
      const leader = await leaderOfFirst(session, patienceMs);
      if (leader === 0) return ['nobody leads the first partition'];
      const sender = await openSender(fixture, session, {
        idempotent: idempotence,
        inFlightMax: 16,
        deliveryTimeoutMs: 2 * patienceMs,
      });
      const all = messages(360);
      const before = sender.send(all.slice(0, 300));
      await pass(20);
      const start = await fixture.kill!(leader);
      const during = sender.send(all.slice(300, 320));
      // Of several replicas another one leads before this one is back.
      if (topic.replicas > 1) await during;
      await start();
      const across = [...(await before), ...(await during)];
      const later = await sender.send(all.slice(320));
      await sender.close();
      const findings = await unlikeAcked(session, [...across, ...later], idempotence);
      if (across.length < 320)
        findings.push(`${320 - across.length} messages never got an outcome`);
      if (across.some(({ outcome }) => outcome === 'fail'))
        findings.push('a message that may have had an effect was reported as failed for certain');
      if (idempotence && across.some(({ outcome }) => outcome !== 'ok'))
        findings.push('what an idempotent producer may send again was given up');
      return [...findings, ...notOk(later, 40)];
    },
  },
  {
    title: "the session tells the broker's version, the topic's configuration and who leads",
    skip: always,
    check: async (fixture, session) => {
      const findings: string[] = [];
      const { version, config } = await session.describe();
      if (version === '') findings.push("the broker's version is empty");
      if (Object.keys(config).length === 0) findings.push("the topic's configuration is empty");
      const { leaders } = await session.roles();
      const nodes = fixture.target('any').addresses.length;
      if (leaders.some((leader) => !Number.isInteger(leader) || leader < 0 || leader > nodes)) {
        findings.push('a leader is no node of the cluster');
      }
      return findings;
    },
  },
];

function isDense(records: readonly Received[]): boolean {
  const byPartition = new Map<number, number[]>();
  for (const { partition, offset } of records) {
    byPartition.set(partition, [...(byPartition.get(partition) ?? []), offset]);
  }
  return [...byPartition.values()].every((offsets) => {
    const sorted = offsets.toSorted((a, b) => a - b);
    return sorted.every((offset, index) => index === 0 || offset === sorted[index - 1]! + 1);
  });
}
