import { expect, test } from 'vitest';
import { holdersOf, parseMounts } from './mount-table.ts';

const mountinfo = [
  '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
  '40 22 7:3 / /runs/a/data/node-1 rw,relatime shared:9 master:2 - ext4 /dev/loop3 rw',
  '41 22 7:4 / /runs/with\\040space/node-1 rw - xfs /dev/loop4 rw,noquota',
  '42 22 0:5 /sub /bound rw - tmpfs none rw',
  '',
].join('\n');

test('the kernel’s table of mounts is read with its optional fields and escapes', () => {
  expect(parseMounts(mountinfo)).toEqual([
    { directory: '/', device: '/dev/vda' },
    { directory: '/runs/a/data/node-1', device: '/dev/loop3' },
    { directory: '/runs/with space/node-1', device: '/dev/loop4' },
    { directory: '/bound', device: 'none' },
  ]);
});

test('who works in a directory is named', () => {
  expect(holdersOf(process.cwd())).toContainEqual(
    expect.stringMatching(new RegExp(`\\(process ${process.pid}\\)$`)),
  );
  expect(holdersOf('/nowhere')).toEqual([]);
});
