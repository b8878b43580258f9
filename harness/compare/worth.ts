import { promiseOf } from '../checker/promise/promise.ts';
import type { LossPromise } from '../checker/promise/row.ts';
import { lossBound } from '../judge/loss-bounds.ts';
import type { RecordedFault, RunRecord } from '../record/record.ts';
import type { SuiteCell } from '../record/suite.ts';
import type { Plan } from '../scenario/plan-types.ts';

type Worth = NonNullable<SuiteCell['worth']>;

/** What the acks of one mode were worth when one fault hit. `kinds` are the faults that count. */
export function worthOf(
  record: RunRecord,
  options: {
    readonly plan: Plan;
    readonly fault: Worth['fault'];
    readonly kinds: readonly string[];
  },
): Worth {
  const { plan, fault, kinds } = options;
  const { accounting, recovery, verdict } = record;
  const hits = record.faults.filter(({ kind }) => kinds.includes(kind));
  const confirmed = hits.filter(({ proof }) => proof.injected === 'confirmed').length;
  const tried = confirmed > 0 && hits.every(hadStake);
  const shown = verdict === 'pass' && accounting.lost === 0 && tried;
  return {
    fault,
    promise: weakest(hits.map((hit) => promised(plan, hit))),
    observed: observed(record),
    acked: accounting.acked,
    lost: accounting.lost,
    vanished: accounting.vanished,
    passedOver: accounting.passedOver,
    exposure: sumOf(hits.map(({ exposure }) => exposure)),
    lossWindowMessages: recovery.lossWindowMessages,
    lossWindowMs: accounting.lost === 0 ? null : recovery.lossWindowMs,
    duplicates: accounting.duplicatesBroker + accounting.duplicatesProducerRetry,
    reordered: accounting.reordered,
    unknown: accounting.unknown,
    recoveryMs: slowest(hits.map(({ rtoMs }) => rtoMs)),
    faultsConfirmed: confirmed,
    lossBound: shown ? lossBound(confirmed) : null,
  };
}

function observed({ verdict, accounting }: RunRecord): Worth['observed'] {
  if (verdict === 'fail') return 'violated';
  if (verdict === 'inconclusive') return 'inconclusive';
  return accounting.lost === 0 ? 'none' : 'allowed';
}

function promised(plan: Plan, { id, kind, victims }: RecordedFault): LossPromise {
  const nodes = victims.flatMap(
    (victim) => /^node (\d+)$/.exec(victim)?.slice(1).map(Number) ?? [],
  );
  const options = plan.faults.find((planned) => planned.id === id)?.options ?? {};
  return promiseOf(plan, { kind, nodes, options });
}

/** Where nothing could be lost, as by a fault on a client, nothing was tried. */
function hadStake({ victims, promise, exposedMessages, exposure }: RecordedFault): boolean {
  if (!victims.every((victim) => victim.startsWith('node '))) return false;
  return promise === 'none' ? exposedMessages > 0 : (exposure ?? 0) > 0;
}

function weakest(promises: readonly LossPromise[]): Worth['promise'] {
  const some =
    promises.find(({ loss }) => loss === 'may') ?? promises.find(({ loss }) => loss === 'window');
  return some === undefined || some.loss === 'none'
    ? { loss: 'none', bound: '' }
    : { loss: some.loss, bound: some.bound };
}

/** Null unless all are known. */
function sumOf(counts: readonly (number | null)[]): number | null {
  const known = counts.filter((count) => count !== null);
  const whole = known.length > 0 && known.length === counts.length;
  return whole ? known.reduce((sum, count) => sum + count, 0) : null;
}

/** Null unless all are known. */
function slowest(times: readonly (number | null)[]): number | null {
  const known = times.filter((ms) => ms !== null);
  return known.length > 0 && known.length === times.length ? Math.max(...known) : null;
}
