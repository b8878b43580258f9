import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mocking } from '../vitest.config.ts';

test('unit tests that put others in the place of modules do not share theirs', () => {
  const files = ['broker', 'harness', 'reports', 'scripts', 'test'].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.test.ts'))
      .map((name) => join(folder, name)),
  );
  const call = ['vi', 'mock('].join('.');
  expect(files.filter((file) => readFileSync(file, 'utf8').includes(call)).toSorted()).toEqual(
    mocking.toSorted(),
  );
});
