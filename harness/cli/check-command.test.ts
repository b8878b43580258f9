import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkCommand } from './check-command.ts';

let output: string;

beforeEach(() => {
  output = mkdtempSync(join(tmpdir(), 'ackworth-check-'));
});

afterEach(() => rmSync(output, { recursive: true, force: true }));

const check = (folder: string) => checkCommand().parseAsync([folder], { from: 'user' });

test('a comparison is no run: one of its cells is named, which can be checked', async () => {
  const suite = join(output, 'compare');
  for (const cell of ['sync-none-price-500', 'async-none-price-500'])
    mkdirSync(join(suite, 'cells', cell), { recursive: true });
  writeFileSync(join(suite, 'suite.json'), '{}');
  symlinkSync('compare', join(output, 'latest'));
  const latest = join(output, 'latest');
  await expect(check(latest)).rejects.toMatchObject({
    code: 'usage',
    message:
      `${latest} is a comparison of 2 cells: check one of them, such as ` +
      `${join(latest, 'cells', 'async-none-price-500')}, or render it again with \`ackworth report\``,
  });
});

test('a comparison of which no cell was begun has nothing to check', async () => {
  writeFileSync(join(output, 'suite.json'), '{}');
  await expect(check(output)).rejects.toMatchObject({
    code: 'usage',
    message: `${output} is a comparison of which no cell has been run: there is nothing to check`,
  });
});
