import { expect, test } from 'vitest';
import { connectionsWith } from './tcp-table.ts';

const table = [
  '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
  '   0: 00000000:1B9E 00000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 1 1 0',
  '   1: 0B2BCA0A:1B9E 0E2BCA0A:A1B2 01 00000000:00000000 00:00000000 00000000 65532        0 2 1 0',
  '   2: 0B2BCA0A:1B9E 0E2BCA0A:A1B3 01 00000000:00000000 00:00000000 00000000 65532        0 3 1 0',
  '   3: 0B2BCA0A:1B9E 0F2BCA0A:A1B4 06 00000000:00000000 00:00000000 00000000     0        0 0 1 0',
  '',
].join('\n');

const table6 = [
  '  sl  local_address                         remote_address                        st tx_queue',
  '   0: 00000000000000000000000000000000:1B9F 00000000000000000000000000000000:0000 0A 00000000',
  '   1: 0000000000000000FFFF00000B2BCA0A:1B9F 0000000000000000FFFF00000E2BCA0A:A1B2 01 00000000',
  '   2: 0000000000000000FFFF00000B2BCA0A:1B9F 0000000000000000FFFF00000F2BCA0A:A1B3 06 00000000',
  '',
].join('\n');

test('connections are those that are open, by the address at the other end', () => {
  expect(connectionsWith(table, ['10.202.43.14'])).toBe(2);
  expect(connectionsWith(table, ['10.202.43.15'])).toBe(0);
  expect(connectionsWith(table, ['10.202.43.11', '0.0.0.0'])).toBe(0);
});

test('what a site accepted that listens for both families counts, too', () => {
  expect(connectionsWith(table6, ['10.202.43.14'])).toBe(1);
  expect(connectionsWith(table6, ['10.202.43.15', '0.0.0.0'])).toBe(0);
  expect(connectionsWith(table + table6, ['10.202.43.14'])).toBe(3);
});
