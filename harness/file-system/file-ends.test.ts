import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endsOf, filesBelow, forgottenOf, type Forgotten } from './file-ends.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-ends-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a file of this content lacks after `change`. */
function after(content: Buffer, change: (path: string) => void): Forgotten {
  const path = join(folder, 'file');
  writeFileSync(path, content);
  const ends = endsOf([path]);
  change(path);
  return forgottenOf(ends);
}

const bytes = (length: number): Buffer => Buffer.alloc(length, 'x');

describe('what a file lacks of what it was', () => {
  test.each([
    ['nothing where nothing happened to it', () => undefined, [0, 0]],
    ['what it is shorter by', (path: string) => truncateSync(path, 19_400), [600, 0]],
    ['all of it where it is gone', (path: string) => rmSync(path), [20_000, 0]],
    ['nothing where it grew', (path: string) => appendFileSync(path, 'more'), [0, 0]],
  ])('is %s', (_, change, [missing, changed]) => {
    expect(after(bytes(20_000), change)).toEqual({ missing, changed });
  });

  test('is each byte at its former end that is another, however long it has become', () => {
    const change = (path: string): void =>
      writeFileSync(path, `${'x'.repeat(19_990)}abxxxxxxxxmore`);
    expect(after(bytes(20_000), change)).toEqual({ missing: 0, changed: 2 });
  });

  test('is counted once where it is shorter, and other bytes stand before that', () => {
    const change = (path: string): void => writeFileSync(path, `${'x'.repeat(18_990)}\0\0\0`);
    expect(after(bytes(20_000), change)).toEqual({ missing: 1007, changed: 3 });
  });

  test('is looked for in small files as a whole', () => {
    expect(after(bytes(50), (path) => writeFileSync(path, 'y'.repeat(50))).changed).toBe(50);
    expect(after(bytes(0), (path) => rmSync(path))).toEqual({ missing: 0, changed: 0 });
  });
});

test('files are found below folders, and those that are gone have no end', () => {
  mkdirSync(join(folder, 'group-1'));
  writeFileSync(join(folder, 'group-1', 'log'), 'entry');
  expect(filesBelow(folder)).toEqual([join(folder, 'group-1', 'log')]);
  expect(endsOf([join(folder, 'gone')])).toEqual([]);
});
