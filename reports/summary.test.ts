import { describe, expect, test } from 'vitest';
import { renderSummary } from './summary.ts';
import * as records from './testing/records.ts';

describe('the summary', () => {
  test('begins with the verdict in words', () => {
    expect(renderSummary([records.passWithTwoFaults()]).split('\n')[0]).toBe(
      '## ✅ PASS: No acked message was lost.',
    );
    expect(renderSummary([records.failWithLostMessages()]).split('\n')[0]).toBe(
      '## ❌ FAIL: 1,204 of 375,348 acked messages were lost. Also violated: limit on response p99.',
    );
  });

  test('keeps every table whole whatever a name contains', () => {
    const lines = renderSummary([records.hostileNames()]).split('\n');
    const tables = lines.filter((line) => line.startsWith('|'));
    expect(tables.length).toBeGreaterThan(20);
    let columns = 0;
    lines.forEach((line, index) => {
      if (!line.startsWith('|')) return;
      const own = line.split('|').length;
      if (!lines[index - 1]?.startsWith('|')) columns = own;
      expect(`${index}: ${own}`).toBe(`${index}: ${columns}`);
    });
  });

  test('tells with each fault what it took, and how old that was', () => {
    expect(renderSummary([records.lossyPowerCut()])).toMatch(
      /^\| power-cut of .+ \| 2,467 lost as allowed, the oldest acked 13,040 ms before it \| confirmed \|$/m,
    );
    expect(renderSummary([records.shortRun()])).toMatch(/^\| kill of .+ \| none \| confirmed \|$/m);
  });

  test('compares several runs in one table', () => {
    const text = renderSummary([records.passWithTwoFaults(7), records.failWithLostMessages()]);
    expect(text).toMatch(/^# 2 runs side by side/);
    expect(text).toMatch(/\| B \| power-cut \| reference 0\.1\.0 \| async × async \| FAIL \|/);
  });

  test('leaves sections out rather than grow beyond what a step may show', () => {
    const record = records.passWithTwoFaults();
    const verdicts = Array.from({ length: 20_000 }, (_, index) => ({
      ...record.verdicts[0]!,
      check: `lost-${index}`,
    }));
    const text = renderSummary([{ ...record, verdicts }]);
    expect(Buffer.byteLength(text)).toBeLessThan(900 * 1024);
    expect(text).toContain('sections left out');
    expect(text).toContain('PASS');
  });
});
