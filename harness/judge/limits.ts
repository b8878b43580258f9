import type { Plan } from '../scenario/plan-types.ts';
import type { Judgement, Measured } from './judgement.ts';

type Limit = Judgement['limits'][number];

interface Question {
  readonly name: keyof Plan['scenario']['limits'];
  readonly unit: string;
  readonly actual: number | null;
  /** The limit is a floor and not a ceiling. */
  readonly floor: boolean;
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
  recovery: { readonly rtoMs: number | null; readonly neverRecovered: boolean },
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
    { name: 'recoveryMs', unit: 'ms', actual: recovery.rtoMs, floor: false, doubts: [] },
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
    return [judge(question, limit)];
  });
}

function judge({ name, unit, actual, floor, doubts }: Question, limit: number): Limit {
  const bound = `${floor ? 'at least' : 'at most'} ${limit} ${unit} wanted`;
  if (actual === null || !Number.isFinite(actual)) {
    const evidence = [`${bound}, and it could not be measured`, ...doubts].join('; ');
    return { name, limit, actual: null, unit, verdict: 'unknown', evidence };
  }
  const seen = `${bound}, ${Number(actual.toPrecision(4))} ${unit} measured`;
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
