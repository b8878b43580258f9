import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDirectory } from './make-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ackworth-make-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

test('makes a directory with its parents, and leaves one alone that is there', () => {
  makeDirectory(join(directory, 'a/b/c'));
  makeDirectory(join(directory, 'a/b/c'));
  expect(existsSync(join(directory, 'a/b/c'))).toBe(true);
});

test('says why it cannot, and does not try for ever', () => {
  expect(() => makeDirectory('/proc/ackworth/runs')).toThrow(/\/proc\/ackworth/);
  writeFileSync(join(directory, 'file'), '');
  expect(() => makeDirectory(join(directory, 'file', 'runs'))).toThrow(/ENOTDIR/);
});
