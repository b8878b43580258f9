import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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

test('a package that is only linked to where it is imported is found there, and what it needs too', () => {
  write('dist/main.js', `import 'b';`);
  write('package.json', '{}');
  write('store/b@1/node_modules/b/package.json', '{"dependencies":{"c":"1"}}');
  write('store/c@1/node_modules/c/package.json', '{}');
  symlinkSync(join(root, 'store/c@1/node_modules/c'), join(root, 'store/b@1/node_modules/c'));
  mkdirSync(join(root, 'node_modules'));
  symlinkSync('../store/b@1/node_modules/b', join(root, 'node_modules/b'));
  const { files, links } = programFiles([join(root, 'dist/main.js')]);
  const relativeTo = (path: string): string => relative(root, path);
  expect(files.map(relativeTo)).toEqual([
    'dist/main.js',
    'package.json',
    'store/b@1/node_modules/b/package.json',
    'store/c@1/node_modules/c/package.json',
  ]);
  expect([...links].map((link) => link.map(relativeTo))).toEqual([
    ['node_modules/b', 'store/b@1/node_modules/b'],
    ['store/b@1/node_modules/c', 'store/c@1/node_modules/c'],
  ]);
});

test('a folder of packages may be linked as a whole', () => {
  write('home/app/dist/main.js', `import 'b';`);
  write('home/app/package.json', '{}');
  write('elsewhere/node_modules/b/package.json', '{}');
  symlinkSync(join(root, 'elsewhere/node_modules'), join(root, 'home/app/node_modules'));
  const found = programFiles([join(root, 'home/app/dist/main.js')]);
  expect(found.root).toBe(root);
  expect([...found.links]).toEqual([
    [join(root, 'home/app/node_modules/b'), join(root, 'elsewhere/node_modules/b')],
  ]);
});
