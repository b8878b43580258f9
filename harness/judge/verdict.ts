import type { Book } from '../checker/book/book.ts';
import { describeInjection, doubtOf } from '../checker/book/fault-timeline.ts';
import type { Injection } from '../checker/book/fault-timeline.ts';
import type { Verdict } from '../checker/checker.ts';
import { count } from '../record/count.ts';
import { countOf } from './accounting.ts';
import type { Judgement } from './judgement.ts';
import { byFault } from './loss-bounds.ts';
import { stakeOf } from './stake.ts';

/** Notes; all of them are in the record. */
const groundsToldMax = 4;

type Decision = Pick<Judgement, 'verdict' | 'reasons'>;

interface Case {
  readonly book: Book;
  /** Of the checks that count. */
  readonly verdicts: readonly Verdict[];
  /** Of all others. */
  readonly unchosen: readonly Verdict[];
  readonly lossBounds: Judgement['lossBounds'];
  readonly limits: Judgement['limits'];
  readonly accounting: Judgement['accounting'];
}

/**
 * The verdict of a run: fail > inconclusive > pass. A violation stands whatever else is in doubt;
 * any doubt stands in the way of a pass. `not-applicable` is neither. A pass says what it rests on.
 */
export function decide(judged: Case): Decision {
  const violations = violationsOf(judged);
  const doubts = doubtsOf(judged);
  if (violations.length > 0) return { verdict: 'fail', reasons: [...violations, ...doubts] };
  if (doubts.length > 0) return { verdict: 'inconclusive', reasons: doubts };
  return { verdict: 'pass', reasons: groundsOf(judged) };
}

function violationsOf({ verdicts, limits }: Case): string[] {
  return [
    ...verdicts
      .filter(({ verdict }) => verdict === 'invalid')
      .map(({ check, evidence }) => `${check}: ${evidence}`),
    ...limits
      .filter(({ verdict }) => verdict === 'invalid')
      .map(({ name, evidence }) => `${name}: ${evidence}`),
  ];
}

function doubtsOf({ book, verdicts, unchosen, limits, accounting }: Case): string[] {
  const doubts: string[] = [];
  if (accounting.acked === 0) doubts.push('no data: not a single message was acked');
  doubts.push(...book.damage);
  if (book.clockDoubt !== undefined) doubts.push(book.clockDoubt);
  doubts.push(...faultDoubts(book));
  for (const { check, verdict, evidence } of verdicts) {
    if (verdict === 'unknown') doubts.push(`${check}: ${evidence}`);
  }
  for (const { check, verdict, evidence } of unchosen) {
    if (verdict !== 'invalid') continue;
    doubts.push(`${check} does not hold and is not among the checks of the scenario: ${evidence}`);
  }
  for (const { name, verdict, evidence } of limits) {
    if (verdict === 'unknown') doubts.push(`${name}: ${evidence}`);
  }
  return doubts;
}

function faultDoubts({ timeline, circumstances }: Book): string[] {
  const { plan } = circumstances;
  const doubts = timeline.injections.flatMap((injection) => doubtOf(injection) ?? []);
  for (const { id, kind, target, phase } of plan.faults) {
    if (timeline.injections.some(({ fault }) => fault === id)) continue;
    doubts.push(`the planned ${kind} of ${target} (phase ${phase}) was never carried out`);
  }
  return doubts;
}

function groundsOf({ book, verdicts, accounting, lossBounds }: Case): string[] {
  const made = verdicts.filter(({ verdict }) => verdict === 'valid').length;
  const { acked, failed, unknown, inLog, passedOver } = accounting;
  const grounds = [
    `${count(acked)} messages acked, ${count(book.loss.count)} of them lost, ${count(failed)} failed, ` +
      `${count(unknown)} of unknown outcome; ${count(inLog)} in the log, ` +
      `${count(book.deliveries)} deliveries, ${count(made)} checks valid`,
  ];
  if (passedOver > 0) {
    const were = passedOver === 1 ? 'message in the log was' : 'messages in the log were';
    const apart = countOf(verdicts, 'split-brain');
    grounds.push(
      `${count(passedOver)} ${were} passed over: never given to a group that had been given at ` +
        'their positions what a fault took, as this mode allows' +
        (apart === 0
          ? ''
          : `; ${count(apart)} of them by a split-brain: it was given that after the fault, by a ` +
            'replica that had kept it'),
    );
  }
  grounds.push(...groundsOfNotes(book));
  const { injections } = book.timeline;
  if (injections.length === 0)
    grounds.push('no faults: this says nothing about what happens when something breaks');
  for (const [name, hits] of byFault(injections)) {
    const bound = lossBounds.find(({ fault }) => fault === name);
    grounds.push(groundsOfFaults(book, hits, bound));
  }
  return grounds;
}

function groundsOfNotes({ grounds }: Book): string[] {
  const told = [...grounds].map(([text, sources]) => `${text} (${[...sources].join(', ')})`);
  const more = told.length - groundsToldMax;
  return more > 0 ? [...told.slice(0, groundsToldMax), `and ${count(more)} more such notes`] : told;
}

function groundsOfFaults(
  book: Book,
  injections: readonly Injection[],
  bound: Case['lossBounds'][number] | undefined,
): string {
  const told = injections.map((injection) => {
    const { rtoMs = null, boundMs = 0 } = book.recoveries.get(injection) ?? {};
    const within = boundMs === 0 ? '' : ` ±${count(Math.ceil(boundMs))}`;
    const back = rtoMs === null ? '' : `, served again after ${count(rtoMs)}${within} ms`;
    return `${describeInjection(injection)} with ${stakeOf(book, injection).inWords}${back}`;
  });
  const faults = injections.length === 1 ? 'fault' : 'faults';
  const all = `${count(injections.length)} confirmed ${faults}: ${told.join('; ')}`;
  if (injections.every(({ aimedAt }) => aimedAt !== 'node')) {
    return `${all}. A client holds nothing that was acked: this says nothing about loss`;
  }
  if (bound === undefined) {
    return `${all}. Nothing was sent and acked in the second before: this says nothing about loss`;
  }
  const beyond = bound.allowed === '' ? '' : ` beyond what may be lost (${bound.allowed})`;
  return (
    `${all}. No forbidden loss in ${count(bound.trials)} of ${count(bound.faults)}: with 95 % ` +
    `confidence, a ${bound.fault} loses${beyond} in at most ` +
    `${(bound.chanceMax * 100).toPrecision(2)} % of cases`
  );
}
