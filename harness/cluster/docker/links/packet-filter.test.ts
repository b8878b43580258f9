import { expect, test } from 'vitest';
import { bytesPassed, dropping, setUp } from './packet-filter.ts';

test('what is dropped goes before what is counted, so that only what passed counts', () => {
  const chains = setUp(['10.202.43.11']).split('\n');
  const [drop, passed] = [
    chains.indexOf('-A INPUT -j ACKWORTH-DROP'),
    chains.indexOf('-A INPUT -j ACKWORTH-PASSED'),
  ];
  expect(drop).toBeGreaterThan(0);
  expect(passed).toBeGreaterThan(drop);
  expect(chains).toContain('-A ACKWORTH-PASSED -s 10.202.43.11/32 -p tcp');
});

test('a new set of drops takes the place of the old one in one table', () => {
  expect(dropping(['10.1.2.3', '10.1.2.4'])).toBe(
    [
      '*filter',
      ':ACKWORTH-DROP - [0:0]',
      '-A ACKWORTH-DROP -s 10.1.2.3/32 -j DROP',
      '-A ACKWORTH-DROP -s 10.1.2.4/32 -j DROP',
      'COMMIT',
      '',
    ].join('\n'),
  );
  expect(dropping([])).toBe('*filter\n:ACKWORTH-DROP - [0:0]\nCOMMIT\n');
});

test('bytes are summed over the sources that are asked for, and dropped ones are none', () => {
  const saved = [
    '*filter',
    ':INPUT ACCEPT [12:900]',
    '[40:4000] -A INPUT -j ACKWORTH-DROP',
    '[7:700] -A ACKWORTH-DROP -s 10.1.2.3/32 -j DROP',
    '[5:512] -A ACKWORTH-PASSED -s 10.1.2.3/32 -p tcp',
    '[6:1024] -A ACKWORTH-PASSED -s 10.1.2.30/32 -p tcp',
    'COMMIT',
  ].join('\n');
  expect(bytesPassed(saved, ['10.1.2.3'])).toBe(512);
  expect(bytesPassed(saved, ['10.1.2.3', '10.1.2.30'])).toBe(1536);
  expect(bytesPassed(saved, ['10.1.2'])).toBe(0);
});
