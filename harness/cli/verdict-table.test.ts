import { expect, test } from 'vitest';
import { makeRecord } from '../../reports/testing/record-builder.ts';
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
  const tableOf = (verdict: 'pass' | 'inconclusive', acked: number): string =>
    verdictTable({ ...made, verdict, throughput: { ...made.throughput, acked } });
  const advice = 'name a --rate that is borne here';
  expect(tableOf('inconclusive', 1720)).toContain(advice);
  expect(tableOf('inconclusive', 3990)).not.toContain(advice);
  expect(tableOf('pass', 1720)).not.toContain(advice);
});
