import type { Session } from '../driver.ts';
import { openSender, pass } from '../fixture.contract.ts';
import {
  always,
  messages,
  needs,
  needsKill,
  notOk,
  reasons,
  unlikeAcked,
} from './check.contract.ts';
import type { DriverCheck } from './check.contract.ts';

/** What a driver owes those who ask about the cluster, or break it. */
export const clusterChecks: readonly DriverCheck[] = [
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

/** Who leads the first partition, once somebody does; 0 when nobody does within the time. */
async function leaderOfFirst(session: Session, patienceMs: number): Promise<number> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const { leaders } = await session.roles();
    if (leaders[0] || performance.now() > until) return leaders[0] ?? 0;
    await pass(50);
  }
}
