import type { RecordedFault, RunRecord } from '../harness/record/record.ts';
import { count, counted, listed, millis, moment, perSecond, significant } from './format.ts';
import { recoveryTime } from './recovery-time.ts';

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
  const doubts = [...reasons, ...record.validity.reasons].map(asSentence);
  return {
    word,
    sentence: sentenceOf(record),
    evidence: evidenceOf(record),
    bound: lossBound(record),
    doubts: [...new Set(doubts)],
  };
}

/** `order: 3 reordered` to `Order: 3 reordered.` */
export function asSentence(text: string): string {
  const first = text.slice(0, 1).toUpperCase();
  return `${first}${text.slice(1)}${/[.!?]$/.test(text) || text === '' ? '' : '.'}`;
}

const briefMax = 240;

/** As much of a sentence as the first screen has room for. */
export function brief(sentence: string): string {
  return sentence.length <= briefMax ? sentence : `${sentence.slice(0, briefMax - 1).trimEnd()}…`;
}

/** What the run can say about acked messages that are gone; `allowed`: no more than the mode may. */
export type LossKnowledge = 'none' | 'allowed' | 'some' | 'unknown';

export function lossOf(record: RunRecord): LossKnowledge {
  const check = record.verdicts.find(({ check: name }) => name === lossCheck);
  const { acked, lost } = record.accounting;
  if (lost > 0) return check?.verdict === 'valid' ? 'allowed' : 'some';
  return check?.verdict === 'valid' && acked > 0 ? 'none' : 'unknown';
}

const lossCheck = 'lost';

function sentenceOf(record: RunRecord): string {
  if (record.accounting.acked === 0) return 'Nothing was acked, so there is nothing to judge.';
  const loss = lossOf(record);
  const told = lossSentence(record, loss);
  if (record.verdict === 'pass') return told ?? 'Every check that could be made holds.';
  if (record.verdict === 'fail') {
    const violated = violations(record);
    if (violated.includes(lossCheck) && told !== undefined) {
      const others = violated.filter((name) => name !== lossCheck);
      return others.length === 0 ? told : `${told} Also violated: ${listed(shortened(others))}.`;
    }
    const what = violated.length === 0 ? 'what the scenario promises' : listed(shortened(violated));
    return [`Violated: ${what}.`, told].join(' ').trimEnd();
  }
  if (loss === 'unknown') return 'No loss was seen, but none is ruled out.';
  if (loss === 'some') return `${told} Whether that is allowed is not known.`;
  return `${told?.slice(0, -1)}, but the run does not answer all that was asked.`;
}

function lossSentence(record: RunRecord, loss: LossKnowledge): string | undefined {
  const { acked, lost } = record.accounting;
  if (loss === 'unknown') return undefined;
  if (loss === 'none') return 'No acked message was lost.';
  const { flush, replication } = record.durability;
  const verb = lost === 1 ? 'was' : 'were';
  const excuse =
    loss === 'allowed' ? `, no more than flush ${flush} × replication ${replication} allows` : '';
  return `${count(lost)} of ${counted(acked, 'acked message')} ${verb} lost${excuse}.`;
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
      .map(({ name }) => `limit on ${limitName(name)}`),
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
  const { passedOver } = record.accounting;
  if (passedOver > 0) evidence.push(passedOverSentence(passedOver));
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

function passedOverSentence(passedOver: number): string {
  const were = passedOver === 1 ? 'was' : 'were';
  return (
    `${counted(passedOver, 'message')} in the log ${were} passed over: never given to a group ` +
    'that had been given at their positions what a fault took, as this mode allows.'
  );
}

export function confirmedFaults(record: RunRecord): RecordedFault[] {
  return record.faults.filter(({ proof }) => proof.injected === 'confirmed');
}

/** What no loss in so few faults supports, as the judge counted it. */
export function lossBound(record: RunRecord): string | undefined {
  if (lossOf(record) !== 'none') return undefined;
  const onNodes = confirmedFaults(record).filter(
    ({ victims, target }) => !/^(consumer|producer)/.test(victims[0] ?? target),
  );
  if (onNodes.length === 0) {
    return 'How far that goes: no fault hit a node, so it says nothing about what a broken one loses.';
  }
  if (record.lossBounds.length === 0) {
    return 'How far that goes: nothing was acked in the second before a node broke, so nothing was at risk.';
  }
  const bounds = record.lossBounds.map(({ fault, trials, chanceMax }) => {
    const chance = (chanceMax * 100).toPrecision(2);
    return `${chance}\u00a0% for ${fault} (${counted(trials, 'trial')})`;
  });
  return (
    `How far that goes: with 95\u00a0% confidence, the chance to lose is at most ` +
    `${listed(shortened(bounds))}.`
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
    fault.rtoMs === null
      ? 'no recovery measured'
      : `served again after ${recoveryTime(fault.rtoMs, fault)}`;
  return `${faultTitle(fault)} at ${at}, ${again}`;
}

const limitNames: Readonly<Record<string, string>> = {
  responseP99Ms: 'response p99',
  endToEndP99Ms: 'end-to-end p99',
  ackedRateMin: 'acked rate',
  recoveryMs: 'recovery',
};

/** The limit's name in the scenario, in words. */
export function limitName(name: string): string {
  return limitNames[name] ?? name;
}

/** `at most 250 ms`, `at least 5,000/s`. */
export function limitBound({ name, limit, unit }: RunRecord['limits'][number]): string {
  return `${name.endsWith('Min') ? 'at least' : 'at most'} ${withUnit(limit, unit)}`;
}

export function withUnit(value: number, unit: string): string {
  if (unit === 'ms') return millis(value);
  return unit === 'messages/s' ? perSecond(value) : `${significant(value)}\u00a0${unit}`;
}

/** What the cluster stood on: "process", "process, emulated storage", "process, ext4 storage". */
export function groundOf({ cluster }: RunRecord): string {
  return [
    cluster.kind,
    ...(cluster.storage === 'plain' ? [] : [`${cluster.storage} storage`]),
    ...(cluster.network === 'direct' ? [] : [`${cluster.network} links`]),
  ].join(', ');
}
