import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeEmpty } from './remove-empty.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ackworth-empty-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('only an empty directory is removed: another run may have put something there', () => {
  const runs = join(folder, 'runs');
  mkdirSync(runs);
  writeFileSync(join(runs, 'of-another'), '');
  removeEmpty(runs);
  expect(existsSync(join(runs, 'of-another'))).toBe(true);
  rmSync(join(runs, 'of-another'));
  removeEmpty(runs);
  expect(existsSync(runs)).toBe(false);
  removeEmpty(runs);
});
