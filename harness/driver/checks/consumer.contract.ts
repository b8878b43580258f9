import { collect, eventually, pass, sendAll } from '../fixture.contract.ts';
import {
  compared,
  messages,
  needs,
  needsSharing,
  notOk,
  payloadsOf,
  unlikeRefusal,
} from './check.contract.ts';
import type { DriverCheck } from './check.contract.ts';

/** What a driver owes those who are given messages. */
export const consumerChecks: readonly DriverCheck[] = [
  {
    title:
      "a consumer's ack is the broker's to keep: the next consumer of the group goes on after it",
    skip: needsSharing,
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
    skip: needsSharing,
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
    skip: needsSharing,
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
    skip: needsSharing,
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
];
