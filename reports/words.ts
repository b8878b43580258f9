import type { RecordedFault, RunRecord } from '../harness/record/record.ts';
import { count, counted, listed, millis, moment } from './format.ts';

/** What a run says, in sentences. Used alike by the page, the summary and the test report. */
export interface Headline {
  readonly word: 'PASS' | 'FAIL' | 'INCONCLUSIVE';
  /** One sentence: what holds, or what does not. */
  readonly sentence: string;
  /** What that rests on. */
  readonly evidence: readonly string[];
  /** How much no loss in so few faults proves. */
  readonly bound: string | undefined;
  /** Why it is not a pass, or not to be trusted in full. */
  readonly doubts: readonly string[];
}

export function headlineOf(record: RunRecord): Headline {
  const word = ({ pass: 'PASS', fail: 'FAIL', inconclusive: 'INCONCLUSIVE' } as const)[
    record.verdict
  ];
  const reasons = record.verdict === 'pass' ? [] : record.reasons;
  const doubts = [...reasons, ...record.validity.reasons];
  return {
    word,
    sentence: sentenceOf(record),
    evidence: evidenceOf(record),
    bound: lossBound(record),
    doubts: [...new Set(doubts)],
  };
}

/** What the run can say about acked messages that are gone. */
export type LossKnowledge = 'none' | 'some' | 'unknown';

export function lossOf(record: RunRecord): LossKnowledge {
  if (record.accounting.lost > 0) return 'some';
  const check = record.verdicts.find(({ check: name }) => /^(lost|loss|no-loss)/.test(name));
  return check?.verdict === 'valid' && record.accounting.acked > 0 ? 'none' : 'unknown';
}

function sentenceOf(record: RunRecord): string {
  const { acked, lost } = record.accounting;
  if (acked === 0) return 'Nothing was acked, so there is nothing to judge.';
  const loss = lossOf(record);
  const lossWords =
    loss === 'some'
      ? `${count(lost)} of ${counted(acked, 'acked message')} ${lost === 1 ? 'was' : 'were'} lost.`
      : 'No acked message was lost.';
  if (record.verdict === 'pass')
    return loss === 'none' ? lossWords : 'Every check that could be made holds.';
  if (record.verdict === 'fail') {
    const violated = violations(record);
    if (loss === 'some') {
      const others = violated.filter((name) => !/^(lost|loss|no-loss)/.test(name));
      return others.length === 0
        ? lossWords
        : `${lossWords} Also violated: ${listed(shortened(others))}.`;
    }
    const what = violated.length === 0 ? 'what the scenario promises' : listed(shortened(violated));
    return `Violated: ${what}.${loss === 'none' ? ` ${lossWords}` : ''}`;
  }
  return loss === 'none'
    ? 'No acked message was lost, but the run does not answer all that was asked.'
    : 'No loss was seen, but none is ruled out.';
}

const namedMax = 4;

function shortened(names: readonly string[]): string[] {
  if (names.length <= namedMax) return [...names];
  return [...names.slice(0, namedMax - 1), `${count(names.length - namedMax + 1)} more`];
}

/** Names of the checks and limits that do not hold. */
export function violations(record: RunRecord): string[] {
  const names = new Set([
    ...record.verdicts.filter(({ verdict }) => verdict === 'invalid').map(({ check }) => check),
    ...record.limits
      .filter(({ verdict }) => verdict === 'invalid')
      .map(({ name }) => `limit ${name}`),
  ]);
  return [...names];
}

function evidenceOf(record: RunRecord): string[] {
  const { acked, sent, failed, unknown } = record.accounting;
  const confirmed = confirmedFaults(record);
  const evidence = [
    (sent === 0
      ? 'Nothing was sent'
      : acked === 0
        ? `None of ${counted(sent, 'sent message')} was acked`
        : `${counted(acked, 'message')} acked of ${count(sent)} sent`) +
      (failed + unknown > 0
        ? `, ${count(failed)} failed, ${count(unknown)} with unknown outcome`
        : '') +
      (lossOf(record) === 'none' ? '; every acked one was found in the final read.' : '.'),
  ];
  if (record.faults.length === 0) {
    evidence.push('No fault was injected.');
  } else {
    const told = confirmed.slice(0, 4).map(faultSentence);
    const more = confirmed.length > 4 ? `, and ${count(confirmed.length - 4)} more` : '';
    const share =
      confirmed.length === record.faults.length ? '' : ` of ${count(record.faults.length)}`;
    evidence.push(
      confirmed.length === 0
        ? `None of ${counted(record.faults.length, 'fault')} was confirmed to have acted.`
        : `${count(confirmed.length)}${share} ${record.faults.length === 1 ? 'fault' : 'faults'} confirmed: ${told.join('; ')}${more}.`,
    );
  }
  return evidence;
}

export function confirmedFaults(record: RunRecord): RecordedFault[] {
  return record.faults.filter(({ proof }) => proof.injected === 'confirmed');
}

/**
 * What no loss in k faults supports: with 95 % confidence the chance that such a fault loses is at
 * most 1 - 0.05^(1/k). Faults on clients are left out, since they put no stored message at risk.
 */
export function lossBound(record: RunRecord): string | undefined {
  if (lossOf(record) !== 'none') return undefined;
  const k = confirmedFaults(record).filter(
    ({ victims, target }) => !/^(consumer|producer)/.test(victims[0] ?? target),
  ).length;
  if (k === 0) return undefined;
  const bound = 1 - 0.05 ** (1 / k);
  return (
    `How far that goes: no loss in ${counted(k, 'node fault')} bounds the chance that such a fault loses at ` +
    `${(bound * 100).toFixed(k < 10 ? 0 : 1)}\u00a0%, with 95\u00a0% confidence.`
  );
}

/** `kill of node 2 (leader)`. */
export function faultTitle(fault: RecordedFault): string {
  const victims = fault.victims.length > 0 ? listed(fault.victims) : 'nothing';
  const role = fault.target === '' || victims.startsWith(fault.target) ? '' : ` (${fault.target})`;
  return `${fault.kind} of ${victims}${role}`;
}

export function faultSentence(fault: RecordedFault): string {
  const at = moment(fault.effectiveAtMs ?? fault.requestedAtMs);
  const again =
    fault.rtoMs === null ? 'no recovery measured' : `served again after ${millis(fault.rtoMs)}`;
  return `${faultTitle(fault)} at ${at}, ${again}`;
}
