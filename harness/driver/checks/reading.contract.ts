import { collect, eventually, pass, payloadOf, readTopic, sendAll } from '../fixture.contract.ts';
import type { Received, Sent } from '../fixture.contract.ts';
import {
  always,
  compared,
  messages,
  needs,
  needsPause,
  notOk,
  payloadsOf,
  reasons,
  unlikeRefusal,
} from './check.contract.ts';
import type { DriverCheck } from './check.contract.ts';

/** What a driver owes those who ask where messages are: positions, order and reads of whole topics. */
export const readingChecks: readonly DriverCheck[] = [
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
