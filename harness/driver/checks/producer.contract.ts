import { PayloadReader, PayloadWriter } from '../../load/payload.ts';
import type { Done } from '../driver.ts';
import {
  collect,
  eventually,
  openSender,
  pass,
  payloadOf,
  producerDefaults,
  sendAll,
} from '../fixture.contract.ts';
import {
  always,
  compared,
  messages,
  needs,
  needsPause,
  needsRetry,
  notOk,
  payloadsOf,
  reasons,
  unlikeAcked,
} from './check.contract.ts';
import type { DriverCheck } from './check.contract.ts';

/** What a driver owes those who send. */
export const producerChecks: readonly DriverCheck[] = [
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
];
