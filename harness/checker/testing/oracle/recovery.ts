import { Findings } from './findings.ts';
import type { OracleVerdict } from './findings.ts';
import type { Cut, Send, Told } from './told.ts';

const stepNanos = 25e6;
const sustainedSteps = 200;
const sustainedNanos = sustainedSteps * stepNanos;

export interface OracleRecovery extends OracleVerdict {
  /** By fault, in milliseconds; null when it is not known. */
  readonly rtoMs: ReadonlyMap<number, number | null>;
}

/** What became of one client in one partition, or of one group in one: when, or why not. */
type Return = number | 'never' | 'doubt';

export function recovery(told: Told): OracleRecovery {
  const found = new Findings();
  const rtoMs = new Map<number, number | null>();
  for (const cut of told.cuts) {
    const returns = cut.aimedAt === 'consumer' ? groupReturns(told, cut) : clientReturns(told, cut);
    for (const one of returns) {
      if (one === 'never') found.add('never-recovered');
      else if (one === 'doubt') found.doubt();
    }
    if (returns.length === 0) found.doubt();
    const times = returns.filter((one) => typeof one === 'number');
    const known = times.length > 0 && times.length === returns.length;
    rtoMs.set(cut.id, known ? (Math.max(...times) - cut.at) / 1e6 : null);
  }
  return { ...found.verdict(), rtoMs };
}

/** Of each producer worker in each partition in which it had been acked before. */
function clientReturns(told: Told, cut: Cut): Return[] {
  const acked = told.sends.filter(({ outcome }) => outcome === 'ok');
  return [...new Set(acked.map(({ worker }) => worker))].flatMap((worker) => {
    const before = acked.filter((send) => send.worker === worker && send.ack!.time < cut.at);
    const served = new Set(before.map(({ ack }) => ack!.partition));
    return [...served].map((partition) => clientReturn(told, cut, { worker, partition }));
  });
}

function clientReturn(
  told: Told,
  cut: Cut,
  { worker, partition }: { readonly worker: number; readonly partition: number },
): Return {
  const own = told.sends.filter((send) => send.worker === worker);
  const after = own.filter(({ invokedAt }) => invokedAt >= cut.at);
  const stepOf = (send: Send) => Math.floor((send.invokedAt - cut.at) / stepNanos);
  const end = Math.max(0, ...after.map(stepOf)) + 1;
  // What got no ack counts where it was going, and where nobody knows that, in every partition.
  const here = after.filter((send) => {
    const going = send.ack?.partition ?? homeOfKey(told, send);
    return going === undefined || going === partition;
  });
  const lateNanos = Math.max(500e6, 2 * longestWaitBefore(own, cut));
  const isServed = (send: Send) =>
    send.ack !== undefined && send.ack.time - send.invokedAt <= lateNanos;
  const within = (from: number, to: number) =>
    here.filter((send) => stepOf(send) >= from && stepOf(send) < to);
  const isEnough = (sends: readonly Send[], isGood: (send: Send) => boolean) =>
    sends.filter(isGood).length >= 0.99 * sends.length;
  const holds = (from: number, to: number) =>
    within(from, from + 1).some(isServed) && isEnough(within(from, to), isServed);

  const steps = Array.from({ length: end }, (_, step) => step);
  const back = steps
    .filter((step) => step + sustainedSteps <= end)
    .find((step) => holds(step, step + sustainedSteps));
  if (back !== undefined) {
    const [first] = within(back, back + 1)
      .filter(isServed)
      .toSorted((a, b) => a.invokedAt - b.invokedAt);
    return first!.ack!.time;
  }
  const lastInvoke = Math.max(...own.map(({ invokedAt }) => invokedAt));
  const healedAt = cut.healedAt === Infinity ? -Infinity : cut.healedAt;
  const observed = Math.max(told.loadEndsAt, lastInvoke) - Math.max(cut.at, healedAt);
  if (observed < sustainedNanos) return 'doubt';
  if (steps.some((step) => step + sustainedSteps > end && holds(step, end))) return 'doubt';
  const last = within(Math.max(0, end - sustainedSteps), end);
  const isAcked = ({ ack }: Send) => ack !== undefined;
  if (last.some(isAcked) && isEnough(last, isAcked)) return 'doubt';
  return 'never';
}

/** Of what a client had acked in the 5 s before the fault. */
function longestWaitBefore(own: readonly Send[], cut: Cut): number {
  const waits = own
    .filter(({ ack }) => ack !== undefined && ack.time < cut.at)
    .filter(({ ack }) => ack!.time >= cut.at - sustainedNanos)
    .map(({ ack, invokedAt }) => ack!.time - invokedAt);
  return Math.max(0, ...waits);
}

/** Where its key was last acked, of all that the files tell before this outcome. */
function homeOfKey(told: Told, { key, completedAs }: Send): number | undefined {
  const [latest] = told.sends
    .filter((send) => send.ack !== undefined && send.key === key && send.completedAs < completedAs)
    .toSorted((a, b) => b.completedAs - a.completedAs);
  return latest?.ack!.partition;
}

/** Of each group that lost a consumer, in each partition of which it had been given something. */
function groupReturns(told: Told, { victims, at }: Cut): Return[] {
  const hit = told.input.plan.consumers.filter(({ worker }) =>
    victims.includes(`consumer ${worker}`),
  );
  return [...new Set(hit.map(({ group }) => told.groups.indexOf(group)))].flatMap((group) =>
    told.partitions().flatMap((partition): Return[] => {
      const times = told.given
        .filter((one) => one.group === group && one.event.partition === partition)
        .map((one) => one.event.time);
      if (!times.some((time) => time < at)) return [];
      const next = times.filter((time) => time >= at);
      if (next.length > 0) return [Math.min(...next)];
      const hasAll =
        told.isRead(0, partition) && told.reached(group, partition) >= told.lastOffset(partition);
      return hasAll ? [] : ['doubt'];
    }),
  );
}
