import { expect, test } from 'vitest';
import { judgeHistory } from '../judge/judge-history.ts';
import type { Judgement } from '../judge/judgement.ts';
import { checkers } from './registry.ts';
import type { OracleVerdict } from './testing/oracle/findings.ts';
import { oracleVerdict, oracleVerdicts } from './testing/oracle/oracle.ts';
import { Told } from './testing/oracle/told.ts';
import { randomHistory } from './testing/random-history.ts';

const histories = 6000;
const judged = checkers.filter(({ name }) => name !== 'recovery');
const measured = {
  doubts: [],
  responseP99Ms: null,
  due: { due: 0, acked: 0, failed: 0 },
  endToEndP99Ms: null,
  ackedPerSecond: null,
};

function verdictsOf({ verdicts }: Judgement): Record<string, OracleVerdict> {
  return Object.fromEntries(
    verdicts.flatMap(({ check, verdict, anomalies }) => {
      if (verdict === 'not-applicable') return [];
      return [
        [
          check,
          {
            verdict,
            anomalies: Object.fromEntries(anomalies.map(({ kind, count }) => [kind, count])),
          },
        ],
      ];
    }),
  );
}

test(`the checkers say what a slow and obvious oracle says, on ${histories} random histories`, () => {
  const kinds = new Map<string, number>();
  const outcomes = { pass: 0, inconclusive: 0, fail: 0 };
  const note = (kind: string) => kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  for (let seed = 0; seed < histories; seed++) {
    const { history, plan, capabilities, exposures } = randomHistory(seed);
    const judgement = judgeHistory(history, { plan, capabilities, exposures }, measured, judged);
    const told = new Told({ files: history.files, plan, capabilities, exposures });
    const expected = oracleVerdicts(told);
    expect(verdictsOf(judgement), `seed ${seed}`).toEqual(expected);
    expect(judgement.verdict, `seed ${seed}`).toBe(oracleVerdict(told, expected));
    outcomes[judgement.verdict]++;
    for (const { check, verdict, anomalies } of judgement.verdicts) {
      for (const { kind } of anomalies) note(`${check} ${kind}`);
      note(`${check} ${verdict}`);
    }
  }
  // What never came up was not compared.
  const rarest = [...kinds].toSorted((a, b) => a[1] - b[1])[0]!;
  expect(rarest[1], `${rarest[0]} came up`).toBeGreaterThan(5);
  expect(
    [...kinds.keys()].filter((kind) => !/valid|unknown|not-applicable/.test(kind)).length,
  ).toBeGreaterThan(24);
  expect(Math.min(...Object.values(outcomes)), 'each verdict came up').toBeGreaterThan(
    histories / 20,
  );
}, 120_000);
