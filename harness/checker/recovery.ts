import { workerNumber } from '../history/worker-name.ts';
import type { Book } from './book/book.ts';
import { effectSpan } from './book/effect-span.ts';
import { describeInjection, hasEffect } from './book/fault-timeline.ts';
import type { Injection } from './book/fault-timeline.ts';
import { endOfLog, reachedIn } from './book/reached.ts';
import { GroupReturn } from './recovery/group-return.ts';
import { Service } from './recovery/service.ts';
import { ServiceReturn } from './recovery/service-return.ts';
import type { Outcome } from './recovery/service-return.ts';
import { Tally } from './tally.ts';
import type { Checker } from './watch.ts';

/**
 * **Model.** A client (a producer worker, all its lives together) that had been served in a
 * partition before the fault wants to be served there again.
 *
 * **Recovery time**, per client and partition: from the moment the fault took effect to the ack of
 * the first operation invoked after it from which on at least 99 % of what was offered is acked in
 * time for 5 s. In time is within 0.5 s, or twice the longest wait in the 5 s before the fault where
 * that is more: what waits out an outage is acked in the end, and is no sign of service. One healthy partition does not hide another's outage: a fault's figure is the worst of all.
 * For a fault on a consumer the clients are the partitions of its group, and the first delivery
 * after the fault counts.
 *
 * **Guarantee.** Once everything is healed, service comes back.
 *
 * **Anomaly.** `never-recovered`: load went on for 5 s after the healing, and service did not come
 * back. When the load ended before that, or acks come and too many of them late, it cannot be told:
 * a doubt, and no time is given.
 */
export const recovery: Checker = {
  name: 'recovery',
  description: 'every client is served again in every partition after each fault',
  misledBy: ['producer', 'consumer'],
  notApplicable: ({ plan }) =>
    plan.faults.length === 0 ? 'the scenario has no faults' : undefined,
  watch(book) {
    const service = new Service();
    const services = new Map<Injection, ServiceReturn>();
    const groups = new Map<Injection, GroupReturn>();
    let started = false;
    const start = (): void => {
      if (started) return;
      started = true;
      for (const hit of book.timeline.injections.filter(hasEffect)) {
        if (hit.aimedAt === 'consumer')
          groups.set(hit, new GroupReturn(hit.effectiveAt, groupsOf(book, hit)));
        else services.set(hit, new ServiceReturn(hit.effectiveAt, service));
      }
    };
    /** In order of time, without those that the present file's client is back from. */
    let open: ServiceReturn[] = [];
    let client = 0;
    let group = -1;
    return {
      header(header) {
        start();
        client = workerNumber(header.worker, 'producer') ?? 0;
        open = [...services.values()].toSorted((a, b) => a.effectiveAt - b.effectiveAt);
        group = book.groupOf(header);
      },
      invoke({ time }) {
        service.invoked(client, time);
        for (let index = 0; index < open.length && open[index]!.effectiveAt <= time; index++) {
          open[index]!.invoke(client, time);
        }
      },
      complete({ outcome, partition, time }, id, invokedAt) {
        const acked = outcome === 'ok';
        const key = book.messages.key(id);
        if (acked) {
          service.acked(client, { key, partition, time });
          for (const returning of services.values()) returning.ackedBefore(client, invokedAt, time);
        }
        for (let index = 0; index < open.length && open[index]!.effectiveAt <= invokedAt; index++) {
          const isBack = open[index]!.complete({ client, key, partition, acked, invokedAt, time });
          if (isBack) open.splice(index--, 1);
        }
      },
      delivery({ partition, time }) {
        for (const returning of groups.values()) returning.delivery(group, partition, time);
      },
      finish() {
        start();
        const forbidden = new Tally();
        const doubts: string[] = [];
        if (!book.oneClock || book.clockBoundNanos === Infinity) {
          const note =
            'workers and harness have different clocks, so that times cannot be compared';
          for (const hit of [...services.keys(), ...groups.keys()])
            book.recoveries.set(hit, { rtoMs: null, boundMs: 0, note });
          return { forbidden, allowed: new Tally(), doubts: [note], evidence: evidenceOf(book) };
        }
        const settle = (hit: Injection, outcome: Outcome): void => {
          const { rtoMs, note } = outcome;
          book.recoveries.set(hit, { rtoMs, boundMs: boundOf(book, hit), note });
          const what = describeInjection(hit);
          for (const reason of outcome.never)
            forbidden.add('never-recovered', () => `${what}: ${reason}`);
          doubts.push(...outcome.doubts.slice(0, 3).map((reason) => `${what}: ${reason}`));
        };
        for (const [hit, returning] of services) {
          book.inFlight.forEach((id, time) => {
            returning.pending(book.workerOf(id), book.messages.key(id), time);
          });
          settle(
            hit,
            returning.result({
              loadEndsAt: loadEndsAt(book),
              healedAt: hit.healedAt ?? -Infinity,
              slackMs: book.clockBoundNanos / 1e6,
            }),
          );
        }
        for (const [hit, returning] of groups) {
          settle(
            hit,
            returning.result(
              (number, partition) => hasAll(book, number, partition),
              (number) => book.groups[number]!,
            ),
          );
        }
        return { forbidden, allowed: new Tally(), doubts, evidence: evidenceOf(book) };
      },
    };
  },
};

/**
 * When the planned load was over; a client may have gone on after it. Without it, nothing is held
 * against one that is silent.
 */
function loadEndsAt({ timeline }: Book): number {
  return timeline.phases.find(({ name }) => name === 'drain')?.time ?? -Infinity;
}

/** By how much its figure may be off: the fault took effect once it had begun, and was told later. */
function boundOf({ clockBoundNanos }: Book, hit: Injection): number {
  if (!hasEffect(hit)) return 0;
  return (hit.effectiveAt - effectSpan(hit, clockBoundNanos).earliest) / 1e6;
}

function hasAll(book: Book, group: number, partition: number): boolean {
  const copy = book.copies.copy(0, partition);
  return copy?.complete === true && reachedIn(book, copy, group) >= endOfLog(copy);
}

/** Groups of the consumers that were hit: "consumer 2", "consumer-2". */
function groupsOf({ groups, circumstances }: Book, { victims }: Injection): number[] {
  const numbers = victims.map((victim) => Number(/\d+/.exec(victim)?.[0]));
  const hit = circumstances.plan.consumers.filter(({ worker }) => numbers.includes(worker));
  return [...new Set(hit.map(({ group }) => groups.indexOf(group)))];
}

function evidenceOf({ recoveries }: Book): string {
  const told = [...recoveries].map(([hit, { rtoMs, boundMs, note }]) => {
    const what = describeInjection(hit);
    const within = boundMs === 0 ? '' : ` ±${boundMs.toFixed(1)}`;
    return rtoMs === null
      ? `${what}: not known (${note})`
      : `${what}: ${rtoMs.toFixed(1)}${within} ms`;
  });
  return told.length === 0 ? 'no fault took effect' : told.join('; ');
}
