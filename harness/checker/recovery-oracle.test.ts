import { expect, test } from 'vitest';
import { judgeHistory } from '../judge/judge-history.ts';
import { recovery } from './recovery.ts';
import { recovery as oracleOf } from './testing/oracle/recovery.ts';
import { Told } from './testing/oracle/told.ts';
import { randomOutage } from './testing/random-outage.ts';
import { allCapabilities } from './testing/story.ts';

const histories = 1500;
const measured = {
  doubts: [],
  responseP99Ms: null,
  due: { due: 0, acked: 0, failed: 0 },
  endToEndP99Ms: null,
  ackedPerSecond: null,
};

test(`recovery times are what a slow and obvious oracle says, on ${histories} random outages`, () => {
  const came = { valid: 0, invalid: 0, unknown: 0, 'long outages': 0, 'late in doubt': 0 };
  for (let seed = 0; seed < histories; seed++) {
    const { history, plan } = randomOutage(seed);
    const circumstances = { plan, capabilities: allCapabilities, exposures: new Map() };
    const judgement = judgeHistory(history, circumstances, measured, [recovery]);
    const [verdict] = judgement.verdicts;
    const expected = oracleOf(new Told({ files: history.files, ...circumstances }));
    const said = {
      verdict: verdict!.verdict,
      anomalies: Object.fromEntries(verdict!.anomalies.map(({ kind, count }) => [kind, count])),
      rtoMs: new Map(
        judgement.faults
          .filter(({ effectiveAtMs }) => effectiveAtMs !== null)
          .map(({ id, rtoMs }) => [id, rtoMs]),
      ),
    };
    expect(said, `seed ${seed}`).toEqual(expected);
    came[expected.verdict]++;
    if ([...expected.rtoMs.values()].some((rtoMs) => (rtoMs ?? 0) > 1000)) came['long outages']++;
    if (judgement.faults.some(({ recoveryNote }) => recoveryNote.includes('1 % later')))
      came['late in doubt']++;
  }
  // What never came up was not compared.
  for (const [what, count] of Object.entries(came))
    expect(count, `${what} came up`).toBeGreaterThan(histories / 200);
}, 120_000);
