import type { Book } from '../checker/book/book.ts';
import { describeInjection, doubtOf } from '../checker/book/fault-timeline.ts';
import type { Injection } from '../checker/book/fault-timeline.ts';
import { suspectsOf } from '../checker/book/suspects.ts';
import type { Suspect } from '../checker/book/suspects.ts';
import type { Verdict } from '../checker/checker.ts';
import { windowOf } from '../checker/loss-window.ts';
import type { Judgement } from './judgement.ts';

type Decision = Pick<Judgement, 'verdict' | 'reasons'>;

interface Case {
  readonly book: Book;
  readonly verdicts: readonly Verdict[];
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

function doubtsOf({ book, verdicts, limits, accounting }: Case): string[] {
  const doubts: string[] = [];
  if (accounting.acked === 0) doubts.push('no data: not a single message was acked');
  doubts.push(...book.damage);
  doubts.push(...faultDoubts(book));
  for (const { check, verdict, evidence } of verdicts) {
    if (verdict === 'unknown') doubts.push(`${check}: ${evidence}`);
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

function groundsOf({ book, verdicts, accounting }: Case): string[] {
  const made = verdicts.filter(({ verdict }) => verdict === 'valid').length;
  const grounds = [
    `${accounting.acked} messages acked, ${book.loss.count} of them lost; ` +
      `${accounting.inLog} in the log, ${book.deliveries} deliveries, ${made} checks valid`,
  ];
  const kinds = new Map<string, Injection[]>();
  for (const injection of book.timeline.injections) {
    const kind = `${injection.kind} of a ${injection.aimedAt}`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), injection]);
  }
  if (kinds.size === 0)
    grounds.push('no faults: this says nothing about what happens when something breaks');
  for (const [kind, injections] of kinds) grounds.push(groundsOfFaults(book, kind, injections));
  return grounds;
}

/** Faults are the trials and messages are not: one fault takes many messages or none. */
function groundsOfFaults(book: Book, kind: string, injections: readonly Injection[]): string {
  const suspects = suspectsOf(book.timeline, book.circumstances);
  const stakes = injections.map((injection) =>
    stakeOf(book, injection, suspects.find((suspect) => suspect.injection === injection)),
  );
  const told = injections.map((injection, index) => {
    const rtoMs = book.recoveries.get(injection)?.rtoMs ?? null;
    const back = rtoMs === null ? '' : `, served again after ${Math.round(rtoMs)} ms`;
    return `${describeInjection(injection)} with ${stakes[index]!.inWords}${back}`;
  });
  const trials = stakes.filter(({ exposed }) => exposed).length;
  const faults = injections.length === 1 ? 'fault' : 'faults';
  const all = `${injections.length} confirmed ${faults}: ${told.join('; ')}`;
  if (trials === 0) {
    return `${all}. Nothing was sent and acked in the second before: this says nothing about loss`;
  }
  const bound = (lossBound(trials) * 100).toPrecision(2);
  const promises = new Set(stakes.flatMap(({ bound: words }) => words ?? []));
  const beyond = promises.size === 0 ? '' : ` beyond what may be lost (${[...promises].join('; ')})`;
  return (
    `${all}. No forbidden loss in ${trials} of ${injections.length}: with 95 % confidence, ` +
    `a ${kind} loses${beyond} in at most ${bound} % of cases`
  );
}

/** What an injection put at risk. Where some loss is allowed, that is what was not yet safe. */
function stakeOf(
  book: Book,
  injection: Injection,
  suspect: Suspect | undefined,
): { readonly exposed: boolean; readonly inWords: string; readonly bound?: string } {
  const promise = suspect?.promise;
  if (promise === undefined || promise.loss === 'none') {
    const count = book.exposed.get(injection) ?? 0;
    return { exposed: count > 0, inWords: `${count} messages exposed` };
  }
  const count = suspect?.exposure?.messages;
  const { messages: lost } = windowOf(book, injection);
  const measured = count === undefined ? 'exposure not measured' : `${count} messages not yet safe`;
  const inWords = `${measured}, ${lost} lost as allowed`;
  return { exposed: (count ?? 0) > 0 || lost > 0, inWords, bound: promise.bound };
}

/** What k trials without a failure say of its chance, with 95 % confidence: 1 - 0.05^(1/k). */
export function lossBound(trials: number): number {
  return 1 - 0.05 ** (1 / trials);
}
