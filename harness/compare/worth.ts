import { promiseOf } from '../checker/promise.ts';
import { lossBound } from '../judge/verdict.ts';
import type { RunRecord } from '../record/record.ts';
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
  const shown = verdict === 'pass' && accounting.lost === 0 && confirmed > 0;
  return {
    fault,
    promise: weakest(kinds.map((kind) => promiseOf(plan, kind))),
    observed: observed(record),
    acked: accounting.acked,
    lost: accounting.lost,
    vanished: accounting.vanished,
    exposure: null,
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

function weakest(promises: readonly ReturnType<typeof promiseOf>[]): Worth['promise'] {
  const some = promises.find(({ loss }) => loss !== 'none');
  return some === undefined || some.loss === 'none'
    ? { loss: 'none', bound: '' }
    : { loss: some.loss, bound: some.bound };
}

/** Null unless all are known. */
function slowest(times: readonly (number | null)[]): number | null {
  const known = times.filter((ms) => ms !== null);
  return known.length > 0 && known.length === times.length ? Math.max(...known) : null;
}
