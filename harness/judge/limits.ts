import type { Plan } from '../scenario/plan-types.ts';
import { count } from '../record/count.ts';
import type { Due, Judgement, Measured } from './judgement.ts';

type Limit = Judgement['limits'][number];

interface Question {
  readonly name: keyof Plan['scenario']['limits'];
  readonly unit: string;
  readonly actual: number | null;
  /** The limit is a floor and not a ceiling. */
  readonly floor: boolean;
  /** By how much the figure may be off. */
  readonly bound?: number;
  /** Why the figure cannot be trusted, or is missing, as sentences. */
  readonly doubts: readonly string[];
}

/**
 * Holds the scenario's limits against what was measured. A figure that is missing or cannot be
 * trusted is `unknown`, whichever way it points.
 */
export function judgeLimits(
  limits: Plan['scenario']['limits'],
  measured: Measured,
  recovery: {
    readonly rtoMs: number | null;
    readonly boundMs: number;
    readonly neverRecovered: boolean;
  },
): Limit[] {
  const { doubts } = measured;
  const questions: Question[] = [
    { name: 'responseP99Ms', unit: 'ms', actual: measured.responseP99Ms, floor: false, doubts },
    { name: 'endToEndP99Ms', unit: 'ms', actual: measured.endToEndP99Ms, floor: false, doubts },
    {
      name: 'ackedRateMin',
      unit: 'messages/s',
      actual: measured.ackedPerSecond,
      floor: true,
      doubts,
    },
    {
      name: 'recoveryMs',
      unit: 'ms',
      actual: recovery.rtoMs,
      floor: false,
      bound: recovery.boundMs,
      doubts: [],
    },
  ];
  return questions.flatMap((question) => {
    const limit = limits[question.name];
    if (limit === undefined) return [];
    if (question.name === 'recoveryMs' && recovery.neverRecovered) {
      const evidence = 'after at least one fault service did not come back at all';
      return [
        {
          name: question.name,
          limit,
          actual: null,
          unit: question.unit,
          verdict: 'invalid' as const,
          evidence,
        },
      ];
    }
    if (question.name === 'responseP99Ms') return [judgeResponse(question, limit, measured.due)];
    return [judge(question, limit)];
  });
}

/** A message without a response had none within any limit. */
function judgeResponse(question: Question, limit: number, { due, acked, failed }: Due): Limit {
  const { name, unit, doubts } = question;
  const open = due - acked - failed;
  if (due === 0 || (failed + open) / due <= 0.01) return judge(question, limit);
  const certain = failed / due > 0.01;
  const evidence = [
    `at most ${count(limit)} ${unit} wanted for 99 % of what was due, and of ${count(due)} messages ` +
      `${count(acked)} were acked, ${count(failed)} failed and ${count(open)} were left without an outcome`,
    ...doubts,
  ].join('; ');
  const verdict = certain && doubts.length === 0 ? 'invalid' : 'unknown';
  return { name, limit, actual: null, unit, verdict, evidence };
}

function figure(value: number): string {
  return Number.isInteger(value) ? count(value) : String(value);
}

function judge(question: Question, limit: number): Limit {
  const { name, unit, actual, floor, bound: off = 0, doubts } = question;
  const bound = `${floor ? 'at least' : 'at most'} ${figure(limit)} ${unit} wanted`;
  if (actual === null || !Number.isFinite(actual)) {
    const evidence = [`${bound}, and it could not be measured`, ...doubts].join('; ');
    return { name, limit, actual: null, unit, verdict: 'unknown', evidence };
  }
  const within = off === 0 ? '' : ` ±${figure(Number(off.toPrecision(2)))}`;
  const seen = `${bound}, ${figure(Number(actual.toPrecision(4)))}${within} ${unit} measured`;
  if (doubts.length === 0 && off > 0 && Math.abs(actual - limit) <= off)
    return { name, limit, actual, unit, verdict: 'unknown', evidence: seen };
  if (doubts.length > 0)
    return {
      name,
      limit,
      actual,
      unit,
      verdict: 'unknown',
      evidence: `${seen}; ${doubts.join('; ')}`,
    };
  const holds = floor ? actual >= limit : actual <= limit;
  return { name, limit, actual, unit, verdict: holds ? 'valid' : 'invalid', evidence: seen };
}
