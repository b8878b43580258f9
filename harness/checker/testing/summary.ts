import type { Judgement } from '../../judge/judgement.ts';

/** A judgement in a few words: which checks say what, and how many of each anomaly there are. */
export interface Summary {
  readonly verdict: Judgement['verdict'];
  readonly invalid: readonly string[];
  readonly unknown: readonly string[];
  readonly anomalies: Readonly<Record<string, number>>;
}

export function summaryOf({ verdict, verdicts }: Judgement): Summary {
  const saying = (value: string): string[] =>
    verdicts
      .filter((one) => one.verdict === value)
      .map(({ check }) => check)
      .toSorted();
  const anomalies: Record<string, number> = {};
  for (const { kind, count } of verdicts.flatMap((one) => one.anomalies))
    anomalies[kind] = (anomalies[kind] ?? 0) + count;
  return { verdict, invalid: saying('invalid'), unknown: saying('unknown'), anomalies };
}

export const pass: Summary = { verdict: 'pass', invalid: [], unknown: [], anomalies: {} };
