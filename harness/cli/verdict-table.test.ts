import { expect, test } from 'vitest';
import { makeRecord } from '../../reports/testing/record-builder.ts';
import { lossyPowerCut, shortRun } from '../../reports/testing/records.ts';
import { verdictTable } from './verdict-table.ts';

test('the verdict of a run sets the thousands of all its counts apart', () => {
  const record = makeRecord({ phases: [{ name: 'main', lengthMs: 3000 }], rate: 4000 });
  const anomalies = [{ kind: 'lost-tail', count: 12_345, examples: ['acked at p0@67890'] }];
  const evidence = '12,345 lost';
  const verdicts = [{ check: 'lost', verdict: 'invalid' as const, evidence, anomalies }];
  const table = verdictTable({ ...record, verdicts });
  expect(table).toContain('lost-tail: 12,345');
  // A position is a name.
  expect(table).toContain('p0@67890');
  expect(table.replace('p0@67890', '')).not.toMatch(/\d{4}/);
});

test('a run that came to nothing under more than was borne is told what to do', () => {
  const made = makeRecord({ phases: [{ name: 'main', lengthMs: 3000 }], rate: 4000 });
  const advised = (changes: Partial<typeof made>, rates: Partial<typeof made.throughput>) =>
    verdictTable({ ...made, ...changes, throughput: { ...made.throughput, ...rates } }).includes(
      'a lower --rate leaves no backlog behind',
    );
  const doubtful = { verdict: 'inconclusive' } as const;
  const backlog = { offered: 4000, acked: 1720 };
  expect(advised(doubtful, backlog)).toBe(true);
  expect(advised(doubtful, { offered: 4000, acked: 3990 })).toBe(false);
  expect(advised({ verdict: 'pass' }, backlog)).toBe(false);
  // What was never sent is no backlog.
  expect(advised(doubtful, { offered: 1800, acked: 1000 })).toBe(false);
  expect(advised({ ...doubtful, phases: [] }, backlog)).toBe(false);
});

test('a fault is told with what it took, and how long before it the oldest of that was acked', () => {
  expect(verdictTable(lossyPowerCut())).toMatch(
    /power-cut node 2 at 8\.0 s \(confirmed\), 2,467 lost as allowed, the oldest acked 13,040 ms before it, recovered in 1,310 ms$/m,
  );
  expect(verdictTable(shortRun())).toMatch(
    /kill node 2 at 2\.2 s \(confirmed\), recovered in 640 ms$/m,
  );
});
