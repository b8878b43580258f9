import { abortedRead } from './aborted-read.ts';
import { corrupted } from './corrupted.ts';
import { drain } from './drain.ts';
import { duplicate } from './duplicate.ts';
import type { OracleVerdict } from './findings.ts';
import { inconsistentOffset } from './inconsistent-offset.ts';
import { lossWindow } from './loss-window.ts';
import { lost } from './lost.ts';
import { neverSent } from './never-sent.ts';
import { order } from './order.ts';
import { poll } from './poll.ts';
import { redelivery } from './redelivery.ts';
import { replicaDivergence } from './replica-divergence.ts';
import type { Told } from './told.ts';
import { undelivered } from './undelivered.ts';

/** By check; those that do not apply are left out. `recovery` has a time scale of its own. */
export function oracleVerdicts(told: Told): Record<string, OracleVerdict> {
  const { plan } = told.input;
  return {
    lost: lost(told),
    duplicate: duplicate(told),
    order: order(told),
    ...(told.groups.length > 0 && {
      undelivered: undelivered(told),
      redelivery: redelivery(told),
      poll: poll(told),
    }),
    'never-sent': neverSent(told),
    corrupted: corrupted(told),
    'aborted-read': abortedRead(told),
    'inconsistent-offset': inconsistentOffset(told),
    ...(told.replicas() > 1 && { 'replica-divergence': replicaDivergence(told) }),
    ...(plan.faults.length > 0 && { 'loss-window': lossWindow(told) }),
    drain: drain(told),
  };
}

/** Of the run, as far as the history itself goes. */
export function oracleVerdict(
  told: Told,
  verdicts: Readonly<Record<string, OracleVerdict>>,
): 'pass' | 'inconclusive' | 'fail' {
  const all = Object.values(verdicts).map(({ verdict }) => verdict);
  if (all.includes('invalid')) return 'fail';
  const acked = told.sends.some(({ outcome }) => outcome === 'ok');
  const unhurt = told.input.plan.faults.some(({ id }) => !told.cuts.some((cut) => cut.id === id));
  return all.includes('unknown') || !acked || unhurt ? 'inconclusive' : 'pass';
}
