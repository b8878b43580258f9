import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { programFiles } from './program-files.ts';

let root: string;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'ackworth-program-')));
});

afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function found(...entries: string[]): string[] {
  return programFiles(entries.map((entry) => join(root, entry))).files.map((file) =>
    relative(root, file),
  );
}

test('a program is what its entry imports, and the packages of that with what they need', () => {
  write('package.json', '{"type":"module"}');
  write(
    'dist/main.js',
    `import { a } from './parts/a.js';\nawait import("./lazy.js");\nimport 'node:fs';`,
  );
  write('dist/parts/a.js', `export { b } from '@scope/b/deep';\nimport fs from 'fs';`);
  write('dist/lazy.js', '');
  write('dist/unused.js', '');
  write(
    'node_modules/@scope/b/package.json',
    '{"dependencies":{"c":"1"},"optionalDependencies":{"absent":"1"}}',
  );
  write('node_modules/@scope/b/deep.js', '');
  write('node_modules/@scope/b/node_modules/c/package.json', '{}');
  write('node_modules/c/package.json', '{"version":"other"}');
  write('node_modules/unused/package.json', '{}');
  expect(found('dist/main.js')).toEqual([
    'dist/lazy.js',
    'dist/main.js',
    'dist/parts/a.js',
    'node_modules/@scope/b/deep.js',
    'node_modules/@scope/b/node_modules/c/package.json',
    'node_modules/@scope/b/package.json',
    'package.json',
  ]);
});

test('files keep their places below the innermost folder that holds them all', () => {
  write('home/node_modules/app/package.json', '{}');
  write('home/node_modules/app/dist/main.js', `import 'needed';`);
  write('home/node_modules/needed/package.json', '{}');
  const { root: held } = programFiles([join(root, 'home/node_modules/app/dist/main.js')]);
  expect(relative(root, held)).toBe('home/node_modules');
});
