import { expect, test } from 'vitest';
import * as records from '../testing/records.ts';
import { faultsSection } from './sections.ts';

test('a fault is told with what it took, and how long before it the oldest of that was acked', () => {
  expect(faultsSection(records.lossyPowerCut()).text).toContain(
    '>2,467 lost as allowed, the oldest acked 13,040 ms before it</td>',
  );
  const harmless = faultsSection(records.shortRun()).text;
  expect(harmless).toContain('>none</td>');
  expect(harmless).not.toContain('before it</td>');
});
