import { expect, test } from 'vitest';
import { Tally } from './tally.ts';

test('a tally counts each kind and keeps its first ten witnesses', () => {
  const tally = new Tally();
  let asked = 0;
  for (let index = 0; index < 25; index++) {
    tally.add('skipped', () => `witness ${++asked}`);
  }
  tally.add('rewound', () => 'another', 3);
  expect(asked).toBe(10);
  expect(tally.anomalies()).toEqual([
    {
      kind: 'skipped',
      count: 25,
      examples: Array.from({ length: 10 }, (_, index) => `witness ${index + 1}`),
    },
    { kind: 'rewound', count: 3, examples: ['another'] },
  ]);
  expect([tally.count('skipped'), tally.count('other'), tally.count()]).toEqual([25, 0, 28]);
  tally.add('rewound', () => 'many', 1200);
  expect(tally.inWords()).toBe('25 skipped, 1,203 rewound');
  expect(tally.inWords({ skipped: 'by whom' })).toBe('25 skipped (by whom), 1,203 rewound');
});
